# Process 2 is kthreadd, the parent of all kernel threads; process 1 is init.
grep -q Name /proc/1/status && echo "init visible"
grep -q Name /proc/2/status 2>/dev/null && echo "kthreadd visible" || echo "kthreadd hidden"
