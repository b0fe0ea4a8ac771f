#!/bin/sh
# Trains programs on the CPU and on the first NVIDIA GPU, and compares claims, models and losses, bit for bit.
#   train.sh FOLDER STEPS [PROGRAM…]    FOLDER has assay-worker, LICENSE, digits.bin and PROGRAM.toml; without a
#                                       PROGRAM all those that train in seconds
# Prints `step.PROGRAM.cpu` and `step.PROGRAM.cuda` in steps/s. Exit code 1: a difference, or something that failed, after
# all of the programs.
set -eu
folder=$1 steps=$2
shift 2
[ $# -gt 0 ] || set -- mlp-digits mlp-digits-adamw lenet-digits lenet-digits-adamw resnet-digits gpt-tiny bert-lora-tiny llama-lora-tiny vision-digits
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

data() { # data PROGRAM: makes the file that it trains on. Text is the licence, over and over; where records have a class,
	# which must be one of four, all their bytes are.
	[ -f "$folder/$1.toml" ] || { echo "error: there is no $folder/$1.toml" >&2; return 1; }
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
	trained=$1 name=$2
	shift 2
	"$folder/assay-worker" train "$folder/$trained.toml" --data "$runs/data" --steps "$steps" --json "$@" \
		--out "$runs/$trained-$name" >"$runs/$name.json" || { cat "$runs/$name.json" >&2; return 1; }
	awk -v name="step.$trained.$name" -F '[:,]' '/"stepSeconds"/ { printf "%s %.1f steps/s\n", name, 1 / $2 }' "$runs/$name.json"
}

same() { # same PROGRAM: whether both trainings came out alike
	for file in claim.states model.safetensors losses.csv; do
		cmp "$runs/$1-cpu/$file" "$runs/$1-cuda/$file" >&2 || { echo "error: $1 differs on the GPU" >&2; return 1; }
	done
}

failed=0
for program; do
	{ data "$program" && train "$program" cpu && train "$program" cuda --gpu && same "$program"; } || failed=1
	rm -rf "${runs:?}/$program-cpu" "${runs:?}/$program-cuda"
done
exit $failed
