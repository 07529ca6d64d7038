# Needs the module zram (and lzo_rle, where that is a module). A size far beyond the guest's memory:
if echo 8G > /sys/block/zram0/disksize 2>/dev/null; then
	echo "8G accepted"
	echo 1 > /sys/block/zram0/reset
else
	echo "8G refused"
fi
echo 16M > /sys/block/zram0/disksize && echo "16M accepted"
echo 1 > /sys/block/zram0/reset
