#!/bin/bash
# A Slurm of one node with two CPUs, as Debian packages it (apt-get install slurm-wlm munge), for this user alone: runs
# a command in it and takes it down. Everything lies in a temporary folder, and it listens on the loopback only.
#   test/sweep/slurm.sh npx reasontune sweep PLAN --launcher slurm
set -eu
folder=$(mktemp -d)
me=$(id -un)
host=$(hostname -s)
port=$((20000 + RANDOM % 20000))
pids=()
down() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap down EXIT
mkdir "$folder/state" "$folder/spool"
# munged wants its folder closed to others on the way.
chmod 711 "$folder"

head -c 1024 /dev/urandom > "$folder/munge.key"
chmod 400 "$folder/munge.key"
munged --foreground --force --key-file "$folder/munge.key" --socket "$folder/munge.socket" \
  --pid-file "$folder/munged.pid" --log-file "$folder/munged.log" --seed-file "$folder/munge.seed" > "$folder/munged.out" 2>&1 &
pids+=($!)

cat > "$folder/slurm.conf" <<CONF
ClusterName=reasontune
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
CONF
export SLURM_CONF=$folder/slurm.conf
until [ -S "$folder/munge.socket" ]; do sleep 0.1; done
slurmctld -D -f "$SLURM_CONF" > "$folder/slurmctld.out" 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" -N "$host" > "$folder/slurmd.out" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
  sinfo --noheader --format=%t 2>/dev/null | grep -q idle && break
  sleep 0.2
done
if ! sinfo --noheader --format=%t 2>/dev/null | grep -q idle; then
  echo "Slurm did not come up:" >&2
  tail -n 5 "$folder"/*.log >&2
  exit 3
fi
"$@"
