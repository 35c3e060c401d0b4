#!/bin/sh
# The first process inside user-mode-linux: uml_init.sh SHARE FILESYSTEM
# It mounts the folder SHARE of the host on /run/share and the disk on /run/data, runs
# the script /run/share/command, leaves its exit status in /run/share/status and
# switches off, without syncing anything.
share=$1
filesystem=$2
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run
{
    mount -t proc proc /proc &&
        mount -t sysfs sys /sys &&
        mount -t tmpfs tmp /run &&
        mkdir /run/share /run/data /run/shm &&
        mount -t hostfs -o "$share" share /run/share &&
        mount -t "$filesystem" /dev/ubda /run/data &&
        ip link set lo up &&
        # What nobody syncs stays in memory: the kernel writes nothing back by itself.
        echo 0 >/proc/sys/vm/dirty_writeback_centisecs &&
        echo 60000 >/proc/sys/vm/dirty_expire_centisecs &&
        cd /run && sh /run/share/command
} </dev/null
echo $? >/run/share/status
echo o >/proc/sysrq-trigger
while :; do sleep 1; done
