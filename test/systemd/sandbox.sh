#!/usr/bin/env bash
# A real systemd as PID 1 in a throw-away machine: namespaces over an overlay of this machine's files.
#
#   sandbox.sh --disk DIR [--bind SOURCE:TARGET]…
#
# Prints `ready PID` (PID: the sandbox's init, for nsenter and /proc/PID/root) and stands until stdin ends; then, or when
# this script is killed, every process in it is killed at once, as by a power cut. DIR takes what is written inside: booted
# again on the same DIR, the machine has its files of before. It must be empty or of an earlier boot, and on a filesystem
# that overlayfs can write to (tmpfs, ext4, xfs; not overlayfs).
#
# Nothing of this machine can be written from inside: / is the lower layer of an overlay, a bind is read-only and has its
# target in /opt (systemd-tmpfiles empties /tmp and /run at boot, and would empty a writable bind there), /tmp, /run and /dev
# are fresh, /sys and the kernel's knobs in /proc are read-only, the network is a loopback of its own. The units that are
# enabled on this machine are not started.
#
# Root only. Needs the Debian packages systemd dbus libpam-systemd dbus-user-session util-linux procps.
# Limits (MemoryMax=) hold for system units where the machine has its controllers on cgroup v1 (then systemd runs in its
# hybrid mode, and sees no OOM kills), or on a cgroup v2 that is not taken otherwise.
set -euo pipefail

readonly boot_tries=1200
log() { echo "sandbox: $*" >&2; }

# ---- within the new namespaces: builds the machine's root, becomes systemd

dress() {
  local root=$1 unit
  rm -rf "$root"/etc/systemd/system/*.target.wants "$root"/etc/systemd/system/*.target.requires "$root"/etc/rc[0-9S].d
  for unit in systemd-remount-fs.service systemd-pstore.service systemd-timesyncd.service systemd-binfmt.service \
    proc-sys-fs-binfmt_misc.automount dev-hugepages.mount sys-fs-fuse-connections.mount systemd-udevd.service \
    systemd-udev-trigger.service systemd-modules-load.service systemd-sysctl.service getty.target \
    console-getty.service systemd-networkd.service systemd-resolved.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  : >"$root/etc/fstab"
  # An empty file would mean "first boot", which enables every unit that is installed (machine-id(5)).
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  ln -sf /etc/machine-id "$root/var/lib/dbus/machine-id"
  rm -rf "$root/.dockerenv" "$root/var/log/journal"
  mkdir -p "$root/etc/systemd/journald.conf.d"
  printf '[Journal]\nStorage=persistent\nRateLimitBurst=0\n' >"$root/etc/systemd/journald.conf.d/sandbox.conf"
  : >"$root/etc/sandbox"
}

become_init() {
  local scratch=$1 disk=$2 mode=$3 root=$1/root bind source target path name
  shift 3
  mount --make-rprivate /
  mkdir -p "$disk/upper" "$disk/work" "$root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$root"
  mount -t proc -o nosuid,noexec,nodev proc "$root/proc"
  mount -t sysfs -o ro,nosuid,noexec,nodev sysfs "$root/sys"
  mount -t tmpfs -o mode=755,nosuid dev "$root/dev"
  for name in null zero full random urandom tty; do
    : >"$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
  done
  mkdir "$root"/dev/{pts,shm,mqueue}
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777,nosuid,nodev shm "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s fd/0 "$root/dev/stdin"
  ln -s fd/1 "$root/dev/stdout"
  ln -s fd/2 "$root/dev/stderr"
  mount -t tmpfs -o mode=755,nosuid,nodev run "$root/run"
  mount -t tmpfs -o mode=1777,nosuid,nodev tmp "$root/tmp"
  while read -r bind; do
    source=${bind%%:*} target=$root${bind#*:}
    if [[ -d $source ]]; then
      mkdir -p "$target"
    else
      mkdir -p "${target%/*}"
      : >>"$target"
    fi
    mount --bind "$source" "$target"
    mount -o remount,bind,ro "$target"
  done <"$scratch/binds"
  for path in sys sysrq-trigger irq bus fs; do
    [[ -e $root/proc/$path ]] || continue
    mount --bind "$root/proc/$path" "$root/proc/$path"
    mount -o remount,bind,ro "$root/proc/$path"
  done
  for path in kcore kmsg timer_list; do
    [[ ! -e $root/proc/$path ]] || mount --bind /dev/null "$root/proc/$path"
  done
  mount_cgroups "$root/sys/fs/cgroup" "$mode" "$@"
  [[ -e $root/etc/sandbox ]] || dress "$root"
  hostname sandbox
  mkdir -p "$root/run/old"
  cd "$root"
  pivot_root . run/old
  cd /
  umount --lazy /run/old
  rmdir /run/old
  # The outer part first takes the waiting `unshare` out of what is now this machine's root cgroup.
  read -r
  # systemd leaves the propagation alone in a container, and without shared mounts credentials come out empty (252).
  mount --make-rshared /
  exec env -i container=sandbox PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-audit_control,-audit_read,-syslog,-mac_admin,-mac_override,-wake_alarm,-block_suspend --inh-caps=-all \
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --show-status=false </dev/null
}

mount_cgroups() {
  local top=$1 mode=$2 options=rw,nosuid,nodev,noexec pair
  shift 2
  if [[ $mode == unified ]]; then
    mount -t cgroup2 -o "$options" cgroup2 "$top"
    return
  fi
  mount -t tmpfs -o mode=755,nosuid,nodev,noexec cgroup "$top"
  mkdir "$top/unified" "$top/systemd"
  mount -t cgroup2 -o "$options" cgroup2 "$top/unified"
  mount -t cgroup -o "$options,none,name=systemd" cgroup "$top/systemd"
  for pair in "$@"; do
    [[ ${pair%%=*} != systemd ]] || continue
    mkdir -p "$top/${pair%%=*}"
    mount -t cgroup -o "$options,${pair%%=*}" cgroup "$top/${pair%%=*}"
  done
}

# ---- before them: a cgroup of this process's own in each hierarchy, which becomes the root of the sandbox's view

cgroup_of_this() {
  awk -F: -v name="$1" '$2 == name || (name != "" && index("," $2 ",", "," name ",")) { print $3; exit }' /proc/self/cgroup
}

# enter_cgroup SCRATCH MOUNTPOINT PATH CONTROLLER
enter_cgroup() {
  local folder=${2%/}${3%/}/devorch-sandbox-$$ device
  mkdir -p "$folder"
  echo "$folder" >>"$1/cgroups"
  case $4 in
    cpuset)
      cat "${folder%/*}/cpuset.cpus" >"$folder/cpuset.cpus"
      cat "${folder%/*}/cpuset.mems" >"$folder/cpuset.mems"
      ;;
    devices)
      echo a >"$folder/devices.deny"
      for device in 'c 1:3' 'c 1:5' 'c 1:7' 'c 1:8' 'c 1:9' 'c 5:0' 'c 5:2' 'c 136:*'; do
        echo "$device rwm" >"$folder/devices.allow"
      done
      ;;
  esac
  echo $$ >"$folder/cgroup.procs"
}

enter() {
  local scratch=$1 disk=$2 mode=$3 v2=$4 own controller pair
  shift 4
  own=$(cgroup_of_this '')
  if [[ $mode == unified ]] && grep -qw memory "$v2/cgroup.controllers"; then
    # Where this process's cgroup holds others it can't hand controllers down (EBUSY): then below the root of the tree.
    for controller in cpu io memory pids; do
      echo "+$controller" 2>/dev/null >"$v2${own%/}/cgroup.subtree_control" || :
    done
    grep -qw memory "$v2${own%/}/cgroup.subtree_control" || own=/
  fi
  enter_cgroup "$scratch" "$v2" "$own" v2
  for pair in "$@"; do
    controller=${pair%%=*}
    if [[ $controller == systemd ]]; then own=$(cgroup_of_this name=systemd); else own=$(cgroup_of_this "$controller"); fi
    enter_cgroup "$scratch" "${pair#*=}" "$own" "$controller"
  done
  exec setpriv --pdeathsig KILL unshare --mount --uts --ipc --net --cgroup --pid --fork --kill-child=SIGKILL -- \
    bash "$scratch/sandbox.sh" become_init "$scratch" "$disk" "$mode" "$@"
}

# ---- outside

case ${1-} in
  enter | become_init)
    "$@"
    exit
    ;;
esac

disk='' binds=()
while (($# > 0)); do
  case $1 in
    --disk) disk=$(realpath "$2") ;;
    --bind)
      [[ $2 == /*:/opt/* && $2 != *..* ]] || { log "--bind $2: give SOURCE:/opt/…"; exit 64; }
      binds+=("$2")
      ;;
    *) log "unknown: $1"; exit 64 ;;
  esac
  shift 2
done
[[ $(id -u) == 0 ]] || { log 'needs root'; exit 77; }
[[ -d $disk ]] || { log '--disk: give a folder'; exit 64; }

is_alive() { [[ -e /proc/$1/stat ]] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }

# A short path of its own: sockets and the overlay's options have little room.
scratch=$(mktemp -d /var/tmp/devorch-sandbox.XXXXXX)
: >"$scratch/cgroups"
printf '%s\n' "${binds[@]+"${binds[@]}"}" | sed '/^$/d' >"$scratch/binds"
cp "${BASH_SOURCE[0]}" "$scratch/sandbox.sh"
mkfifo "$scratch/go"
outer='' init=''

clean_up() {
  set +e
  trap - EXIT INT TERM HUP
  # The first process of the pid namespace: all others in it die with it.
  [[ -z $init ]] || kill -9 "$init" 2>/dev/null
  if [[ -n $outer ]]; then
    for _ in {1..50}; do
      is_alive "$outer" || break
      sleep 0.1
    done
    kill -9 "$outer" 2>/dev/null
    wait "$outer" 2>/dev/null
  fi
  # A cgroup can be removed a moment after its last process was reaped.
  local folder left
  for _ in {1..50}; do
    left=''
    while read -r folder; do
      [[ ! -d $folder ]] || find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
      [[ ! -d $folder ]] || left=$folder
    done <"$scratch/cgroups"
    [[ -n $left ]] || break
    sleep 0.1
  done
  [[ -z $left ]] || log "could not remove $left"
  rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Which hierarchies the machine has: the cgroup v2 tree, and the v1 ones by controller.
declare -A v1=()
v2=''
while read -r mountpoint type options; do
  case $type in
    cgroup2) v2=${v2:-$mountpoint} ;;
    cgroup)
      for option in ${options//,/ }; do
        case $option in
          cpu | cpuacct | cpuset | memory | pids | blkio | devices | freezer | name=systemd)
            v1[${option#name=}]=${v1[${option#name=}]-$mountpoint}
            ;;
        esac
      done
      ;;
  esac
done < <(awk '{ print $2, $3, $4 }' /proc/mounts)
[[ -n $v2 ]] || { log 'this machine has no cgroup2 mount'; exit 69; }
mode=unified pairs=()
if ! grep -qw memory "$v2/cgroup.controllers" && [[ -n ${v1[memory]-} && -n ${v1[pids]-} ]]; then
  mode=hybrid
  for controller in "${!v1[@]}"; do pairs+=("$controller=${v1[$controller]}"); done
fi
# Empty cgroups of runs that were killed.
for top in "$v2" "${v1[@]}"; do
  while read -r folder; do
    is_alive "${folder##*-}" || find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || :
  done < <(find "$top" -type d -name 'devorch-sandbox-[0-9]*' -prune 2>/dev/null)
done

# Both ends are held here, so that neither side waits for the other.
exec {go}<>"$scratch/go"
setsid bash "$scratch/sandbox.sh" enter "$scratch" "$disk" "$mode" "$v2" "${pairs[@]+"${pairs[@]}"}" \
  <&"$go" >"$scratch/boot.log" 2>&1 &
outer=$!
for ((tries = 0; tries < boot_tries; tries++)); do
  # Its first process: the child whose id in the innermost namespace is 1.
  for child in $(ps -o pid= --ppid "$outer" 2>/dev/null || :); do
    [[ $(awk '/^NSpid:/ { print (NF > 2 && $NF == 1) }' "/proc/$child/status" 2>/dev/null) != 1 ]] || init=$child
  done
  [[ -z $init ]] || break
  is_alive "$outer" || break
  sleep 0.05
done
if [[ -n $init ]]; then
  # In cgroup v2 only leaves hold processes.
  top=$(head -1 "$scratch/cgroups")
  echo "$outer" 2>/dev/null >"${top%/*}/cgroup.procs" || :
  echo go >&"$go"
fi
state=unknown
for ((tries = 0; tries < boot_tries; tries++)); do
  if [[ -z $init ]] || ! is_alive "$outer"; then break; fi
  if [[ -S /proc/$init/root/run/systemd/private ]]; then
    state=$(nsenter -t "$init" -m -u -i -n -p -C -- timeout 60 systemctl is-system-running --wait 2>/dev/null) || :
    case $state in running | degraded) break ;; esac
  fi
  sleep 0.05
done
case $state in
  running | degraded) ;;
  *)
    log "the boot failed (state: $state)"
    cat "$scratch/boot.log" >&2
    exit 70
    ;;
esac
echo "ready $init"
cat >/dev/null
