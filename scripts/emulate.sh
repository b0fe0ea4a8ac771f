#!/usr/bin/env bash
# Runs a program on a processor with AVX-512 and VNNI that this machine need not have: in Bochs, which executes their
# instructions one by one, under a Linux kernel that runs nothing else.
#   scripts/emulate.sh PROGRAM [ARGUMENT…]    prints what it prints, standard error too, and ends with its exit code
# Some hundred times slower than a processor; the kernel alone takes a minute. Needs Debian, for its packages and for
# its kernel, which is downloaded into the cache and unpacked, not installed; KERNEL names another. MEMORY is the
# machine's, in MiB [512]. EXPORT='A=1 B=2' sets variables of the program. WORK names a folder to keep: there,
# bochs.log says what the emulator thinks.
set -euo pipefail
program="$(realpath "${1:?which program?}")"
shift
source "$(dirname "$0")/env.sh"

missing=()
for part in bochs=/usr/bin/bochs-bin bochs-term=/usr/lib/*/bochs/plugins/libbx_term_gui.so cpio=/bin/cpio \
	bochsbios=/usr/share/bochs/BIOS-bochs-latest busybox-static=/bin/busybox xorriso=/usr/bin/xorriso \
	grub-common=/usr/bin/grub-mkrescue grub-pc-bin=/usr/lib/grub/i386-pc/cdboot.img; do
	compgen -G "${part#*=}" >/dev/null || missing+=("${part%%=*}")
done
[ ${#missing[@]} = 0 ] || die "no emulator: apt-get install --no-install-recommends ${missing[*]}"

cache="$ASSAY_CACHE/emulate"
kernel="${KERNEL:-$cache/vmlinuz}"
if [ ! -s "$kernel" ]; then
	[ -z "${KERNEL:-}" ] || die "no kernel in $KERNEL"
	package="$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n '/Depends: linux-image-/{s/.*: //p;q}')"
	[ -n "$package" ] || die "no kernel known: apt-get update, or set KERNEL"
	say "unpacking $package"
	rm -rf "$cache" && mkdir -p "$cache/unpacked"
	(cd "$cache" && apt-get -qq download "$package") || die "no kernel: apt-get update, or set KERNEL"
	dpkg-deb -x "$cache/$package"_*.deb "$cache/unpacked"
	mv "$cache"/unpacked/boot/vmlinuz-* "$kernel"
	rm -rf "$cache/unpacked" "$cache"/*.deb
fi

work="${WORK:-$(mktemp -d)}"
bochs=
finish() {
	# A debugger in it keeps Bochs alive after every other signal.
	[ -z "$bochs" ] || kill -KILL "$bochs" 2>/dev/null || true
	[ -n "${WORK:-}" ] || rm -rf "$work"
}
trap finish EXIT
rm -rf "$work"/{root,disc,serial,boot.iso,bochs.log}
mkdir -p "$work"/root/{bin,proc,tmp} "$work/disc/boot/grub"

# The whole system: the program, the libraries that it loads, and a shell as the first process.
cp "$program" "$work/root/bin/program"
cp /bin/busybox "$work/root/bin/busybox"
libraries="$(ldd "$program" 2>/dev/null | grep -o '/[^ ]*' || true)"
[ -z "$libraries" ] || xargs cp --parents -t "$work/root" <<<"$libraries"
cat >"$work/root/init" <<-END
	#!/bin/busybox sh
	/bin/busybox mount -t proc proc /proc
	/bin/busybox sed -n 's/^model name.*: /emulated processor: /p' /proc/cpuinfo
	cd /tmp
	${EXPORT:+export $EXPORT}
	set -o pipefail
	/bin/program ${*@Q} 2>&1 | /bin/busybox cat
	code=\$?
	[ \$code -lt 128 ] || /bin/busybox dmesg | /bin/busybox tail -n 1
	echo "exit code \$code"
	/bin/busybox sleep 1000000
END
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc --quiet) >"$work/disc/boot/initrd"
cp "$kernel" "$work/disc/boot/vmlinuz"

# Bochs 2.7 announces some things that it does not have: the states of PKU and the compact format of XSAVE, without
# which Linux gives up AVX, and FSRM without ERMS, with which memmove of Linux runs away.
cat >"$work/disc/boot/grub/grub.cfg" <<-END
	linux /boot/vmlinuz console=ttyS0,115200 loglevel=2 mitigations=off clearcpuid=pku,xsaves,xsavec,erms,fsrm
	initrd /boot/initrd
	boot
END
grub-mkrescue -d /usr/lib/grub/i386-pc -o "$work/boot.iso" "$work/disc" >"$work/grub.log" 2>&1 ||
	die "no disc: $(tail -1 "$work/grub.log")"
cat >"$work/bochsrc" <<-END
	cpu: model=corei7_icelake_u, ips=50000000
	memory: guest=${MEMORY:-512}, host=${MEMORY:-512}
	romimage: file=/usr/share/bochs/BIOS-bochs-latest
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	display_library: term, options="hideIPS"
	ata0-master: type=cdrom, path=$work/boot.iso, status=inserted
	boot: cdrom
	com1: enabled=1, mode=file, dev=$work/serial
	log: $work/bochs.log
	error: action=ignore
	panic: action=fatal
END

# Bochs refuses gathers and scatters by registers above the sixteenth: it takes the fifth bit of their number, which
# lies beside EVEX.vvvv, for a register that the instruction must not name. In this copy it no longer looks.
perl -0777 -pe '$n = s/\xb8\x03\0\0\0\x45\x85\xff\K\x75\x02/\x90\x90/g; END { exit($n != 1) }' \
	/usr/bin/bochs-bin >"$work/bochs" || die "another build of Bochs than that of Debian 12, 2.7+dfsg-4+deb12u1"
chmod +x "$work/bochs"

# `c` starts it where it was built with its debugger.
: >"$work/serial"
TERM=xterm "$work/bochs" -q -f "$work/bochsrc" <<<c >"$work/screen" 2>&1 &
bochs=$!
# Its end is no news.
disown "$bochs"
# Its screen is a terminal that somebody has to read, else it waits for that for ever.
until screen="$(grep -ao '/dev/pts/[0-9]*' "$work/screen")" || ! kill -0 $bochs 2>/dev/null; do sleep 0.2; done
[ -z "$screen" ] || cat "$screen" >/dev/null 2>&1 &
while IFS= read -r line; do
	line="${line%$'\r'}"
	case "$line" in
	"exit code "*) exit "${line##* }" ;;
	*) printf '%s\n' "$line" ;;
	esac
done < <(tail -f -n +1 --pid=$bochs "$work/serial")
die "the emulator stopped: $(tail -1 "$work/bochs.log")"
