#!/bin/sh
# Trains programs on the CPU and on the first NVIDIA GPU, and compares claims, models and losses, bit for bit.
#   train.sh FOLDER STEPS [PROGRAM…]    FOLDER has assay-worker, LICENSE, digits.bin and PROGRAM.toml; without a
#                                       PROGRAM all those that train in seconds
# Prints `step.PROGRAM.cpu` and `step.PROGRAM.cuda` in steps/s. Exit code 1: a difference, or something that failed.
set -eu
folder=$1 steps=$2
shift 2
[ $# -gt 0 ] || set -- mlp-digits mlp-digits-adamw lenet-digits lenet-digits-adamw resnet-digits gpt-tiny bert-lora-tiny llama-lora-tiny vision-digits
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

data() { # data PROGRAM: the file that it trains on. Text is the licence, over and over; where records have a class,
	# which must be one of four, all their bytes are.
	records=$(sed -n 's/^records = //p' "$folder/$1.toml") size=$(sed -n 's/^record_size = //p' "$folder/$1.toml")
	case $1 in
		gpt-* | bert-* | llama-*)
			copies=$((records * size / $(wc -c <"$folder/LICENSE") + 1))
			case $1 in bert-*) to='[\000*32][\001*32][\002*32][\003*32]' ;; *) to='\000-\177' ;; esac
			for _ in $(seq "$copies"); do cat "$folder/LICENSE"; done | head -c $((records * size)) | tr '\000-\177' "$to" >"$runs/data"
			;;
		*) head -c $((records * size)) "$folder/digits.bin" >"$runs/data" ;;
	esac
}

train() { # train PROGRAM NAME OPTION…
	program=$1 name=$2
	shift 2
	"$folder/assay-worker" train "$folder/$program.toml" --data "$runs/data" --steps "$steps" --json "$@" \
		--out "$runs/$program-$name" >"$runs/$name.json" || { cat "$runs/$name.json" >&2; exit 1; }
	awk -v name="step.$program.$name" -F '[:,]' '/"stepSeconds"/ { printf "%s %.1f steps/s\n", name, 1 / $2 }' "$runs/$name.json"
}

for program; do
	data "$program"
	train "$program" cpu
	train "$program" cuda --gpu
	for file in claim.states model.safetensors losses.csv; do
		cmp "$runs/$program-cpu/$file" "$runs/$program-cuda/$file" >&2 || { echo "error: $program differs on the GPU" >&2; exit 1; }
	done
done
