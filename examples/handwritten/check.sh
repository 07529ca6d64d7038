# For suture test: what /proc/cmdline says before, with and after the livepatch.
cat /proc/cmdline /proc/cmdline
case $1 in
with) grep -q '^# read 3 times$' /proc/cmdline ;;
*)    ! grep -q '^# read' /proc/cmdline ;;
esac
