# Boot with suture.secret=hunter2 on the command line (see ../demo).
tr ' ' '\n' < /proc/cmdline | grep secret
