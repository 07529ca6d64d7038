# Needs the module zram (and lzo_rle, where that is a module).
read -r _ _ _ _ last < /proc/loadavg
[ "$last" = 0 ] && echo "last pid hidden" || echo "last pid shown"
if echo 8G > /sys/block/zram0/disksize 2>/dev/null; then
	echo "8G accepted"
	echo 1 > /sys/block/zram0/reset
else
	echo "8G refused"
fi
