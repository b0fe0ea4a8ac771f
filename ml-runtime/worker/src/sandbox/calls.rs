//! Which system calls fail: seccomp.
//!
//! A list of what is denied, not of what is allowed. What a C library, a thread pool or an allocator
//! calls changes with each of their updates; a call that a list of allowed ones lacks would end honest
//! workers in the middle of a dispute, and silence costs stake. The price: what nobody thought of stays
//! open. A denied call returns an error and does not end the process, so that a surprise is reported.

use std::{collections::BTreeMap, env::consts::ARCH, process};

use libc::{c_int, c_long};
use seccompiler::{
	apply_filter_all_threads, BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen,
	SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// Calls, and the arguments with which they are denied; always, without.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Ways to others. Sockets are the beginning of all of them; the rest is for those that were inherited.
const NETWORK: &[c_long] = &[
	libc::SYS_socket,
	libc::SYS_socketpair,
	libc::SYS_connect,
	libc::SYS_bind,
	libc::SYS_listen,
	libc::SYS_accept,
	libc::SYS_accept4,
];

/// Programs to run, and processes of the same user to read, alter or end: the node, which has the keys.
const PROCESSES: &[c_long] = &[
	libc::SYS_execve,
	libc::SYS_execveat,
	libc::SYS_ptrace,
	libc::SYS_process_vm_readv,
	libc::SYS_process_vm_writev,
	libc::SYS_pidfd_getfd,
	libc::SYS_pidfd_send_signal,
	libc::SYS_tkill,
];

/// Other views of the file system.
const MOUNTS: &[c_long] = &[
	libc::SYS_mount,
	libc::SYS_umount2,
	libc::SYS_move_mount,
	libc::SYS_mount_setattr,
	libc::SYS_open_tree,
	libc::SYS_fsopen,
	libc::SYS_pivot_root,
	libc::SYS_chroot,
	libc::SYS_setns,
	libc::SYS_unshare,
	libc::SYS_open_by_handle_at,
];

/// Who may do what with a file, and what is noted about it: Landlock does not ask who changes these, so
/// that the files of the whole user lie open to it.
const ATTRIBUTES: &[c_long] = &[
	libc::SYS_fchmod,
	libc::SYS_fchmodat,
	FCHMODAT2,
	libc::SYS_fchown,
	libc::SYS_fchownat,
	libc::SYS_setxattr,
	libc::SYS_lsetxattr,
	libc::SYS_fsetxattr,
	SETXATTRAT,
	libc::SYS_removexattr,
	libc::SYS_lremovexattr,
	libc::SYS_fremovexattr,
	REMOVEXATTRAT,
	FILE_SETATTR,
	libc::SYS_utimensat,
];

/// Numbers that the C library's bindings lack on some processors; all kernels have the same.
const FCHMODAT2: c_long = 452;
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const FILE_SETATTR: c_long = 469;

/// Memory, counters and messages that processes of the same user share by number.
const SHARED: &[c_long] = &[
	libc::SYS_shmget,
	libc::SYS_shmat,
	libc::SYS_shmctl,
	libc::SYS_semget,
	libc::SYS_semop,
	libc::SYS_semtimedop,
	libc::SYS_semctl,
	libc::SYS_msgget,
	libc::SYS_msgsnd,
	libc::SYS_msgrcv,
	libc::SYS_msgctl,
	libc::SYS_mq_open,
	libc::SYS_mq_unlink,
];

/// What others get of processors and disks.
const PRIORITIES: &[c_long] = &[libc::SYS_setpriority, libc::SYS_ioprio_set];

/// Calls that are denied unless their first argument names this process, or is zero, which does too.
const OF_OTHERS: &[c_long] = &[
	libc::SYS_prlimit64,
	libc::SYS_sched_setaffinity,
	libc::SYS_sched_setscheduler,
	libc::SYS_sched_setparam,
	libc::SYS_sched_setattr,
];

/// Parts of the kernel that computing needs nothing of, and that attacks begin with.
const KERNEL: &[c_long] = &[
	libc::SYS_bpf,
	libc::SYS_perf_event_open,
	libc::SYS_userfaultfd,
	libc::SYS_io_uring_setup,
	libc::SYS_keyctl,
	libc::SYS_add_key,
	libc::SYS_request_key,
	libc::SYS_kexec_load,
	libc::SYS_init_module,
	libc::SYS_finit_module,
	libc::SYS_delete_module,
	libc::SYS_reboot,
	libc::SYS_swapon,
	libc::SYS_swapoff,
];

/// What only this processor's kernels have.
#[cfg(target_arch = "x86_64")]
const OWN: &[c_long] = &[
	libc::SYS_fork,
	libc::SYS_vfork,
	libc::SYS_kexec_file_load,
	libc::SYS_iopl,
	libc::SYS_ioperm,
	libc::SYS_chmod,
	libc::SYS_chown,
	libc::SYS_lchown,
	libc::SYS_utime,
	libc::SYS_utimes,
	libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const OWN: &[c_long] = &[];

/// The commands of `ioctl` that type or paste into a terminal: the one from which the node was started.
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541C;

/// Set in the numbers of x32, a second way into those kernels of x86-64 that are built with it.
const X32: i64 = 0x4000_0000;

/// Numbers of x32 alone: ioctl, execve, ptrace, rt_sigqueueinfo, kexec_load, rt_tgsigqueueinfo,
/// process_vm_readv, process_vm_writev, execveat.
const X32_ONLY: [i64; 9] = [514, 520, 521, 524, 528, 536, 539, 540, 545];

/// Denies them to every thread of this process, also to those that start later. Sets `no_new_privs`.
pub(super) fn deny() -> Result<(), Error> {
	install(denied()?, libc::EPERM)?;
	// Its flags lie in memory, where a filter cannot look. C libraries go on with `clone`.
	install(always(&[libc::SYS_clone3]).collect(), libc::ENOSYS)
}

fn install(rules: Rules, error: c_int) -> Result<(), Error> {
	let action = SeccompAction::Errno(error.unsigned_abs());
	let arch = TargetArch::try_from(ARCH)?;
	let rules = also_for_x32(rules);
	let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch)?;
	apply_filter_all_threads(&BpfProgram::try_from(filter)?)
}

fn always(calls: &'static [c_long]) -> impl Iterator<Item = (i64, Vec<SeccompRule>)> {
	calls.iter().map(|call| (*call, Vec::new()))
}

fn denied() -> Result<Rules, BackendError> {
	let lists = [NETWORK, PROCESSES, MOUNTS, ATTRIBUTES, SHARED, PRIORITIES, KERNEL, OWN];
	let mut rules: Rules = lists.into_iter().flat_map(always).collect();
	let own = u64::from(process::id());
	let other = || argument(0, SeccompCmpOp::Ne, own);
	// Threads are started, processes are not.
	let thread = libc::CLONE_THREAD as u64;
	let no_thread = argument(0, SeccompCmpOp::MaskedEq(thread), 0)?;
	rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![no_thread])?]);
	// `abort` sends a signal to its own process.
	for call in
		[libc::SYS_kill, libc::SYS_tgkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo]
	{
		rules.insert(call, vec![SeccompRule::new(vec![other()?])?]);
	}
	for call in OF_OTHERS {
		let named = vec![other()?, argument(0, SeccompCmpOp::Ne, 0)?];
		rules.insert(*call, vec![SeccompRule::new(named)?]);
	}
	let types = argument(1, SeccompCmpOp::Eq, TIOCSTI)?;
	let pastes = argument(1, SeccompCmpOp::Eq, TIOCLINUX)?;
	let typing = vec![SeccompRule::new(vec![types])?, SeccompRule::new(vec![pastes])?];
	rules.insert(libc::SYS_ioctl, typing);
	Ok(rules)
}

/// The lower half of an argument: kernels ignore the upper half of process ids and commands.
fn argument(index: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
	SeccompCondition::new(index, SeccompCmpArgLen::Dword, op, value)
}

/// With the same rules for the numbers of x32, where there are such.
fn also_for_x32(mut rules: Rules) -> Rules {
	if cfg!(target_arch = "x86_64") {
		let x32: Vec<_> = rules.iter().map(|(call, rule)| (call | X32, rule.clone())).collect();
		rules.extend(x32);
		rules.extend(X32_ONLY.map(|call| (call | X32, Vec::new())));
	}
	rules
}
