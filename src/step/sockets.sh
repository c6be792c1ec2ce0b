# The state that rows are wanted in and the order of bytes, then the kernel's tables of sockets, each below a line with its name. A debug container shares its pod's network.
net=/proc/net
[ -z "$target_pid" ] || [ ! -r "/proc/$target_pid/net/tcp" ] || net=/proc/$target_pid/net
echo "state $state"
# The kernel writes addresses in its own order of bytes, and of the machines that Kubernetes runs on one kind has the other one
read -r _ _ vendor </proc/cpuinfo; [ "$vendor" != IBM/S390 ] || echo 'order big'
seen=
for proto in $protos; do
  [ -r "$net/$proto" ] || continue
  seen=1
  echo "table $proto"
  # `read` takes one byte at a time
  if command -v cat >/dev/null; then cat "$net/$proto"; else
    while IFS= read -r line; do printf '%s\n' "$line"; done <"$net/$proto"
  fi || { echo "$net/$proto cannot be read" >&2; exit 125; }
done
[ -n "$seen" ] || { echo "none of $protos in $net can be read" >&2; exit 125; }
echo end
