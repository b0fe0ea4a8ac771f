//! Worker: one job at a time, no keys, no network.
//!
//! A node computes nothing; it starts a worker process for each job and speaks with it over standard
//! input and output (`assay-worker-protocol`). [`serve`] is that process's whole life. What a worker
//! needs it asks the host for and checks; what it makes it hands over.
//!
//! # The kinds of work
//!
//! | work | what happens |
//! |---|---|
//! | train | runs all steps, publishes the list of states, the trained tensors and the list of their roots |
//! | check | runs the same steps (or finds them done in the task's folder) and compares the lists |
//! | play | finds the next move of a dispute from the chain's brief and a replay of the disputed step |
//! | hand in | makes a claim of what was trained until now, and publishes as after a training |
//! | prepare | gets everything that the task needs and checks that it can be run: asked before a bid |
//!
//! A move needs no memory of earlier moves: everything that was said is in the
//! [`Brief`](assay_case::Brief), everything computed is computed again from the nearest checkpoint.
//! Before a move is returned it is made on a copy of the game, with the judge that the chain uses.
//!
//! # The folder of a task
//!
//! ```text
//! run/      checkpoints of the training, shared by all jobs of the task
//! play-0/   the same, for a move that is wanted while another process trains in `run`
//! again/    the same folders once more, after a device was found wrong: the others are not used any more
//! out/      blobs on their way to the host
//! ```
//!
//! # Faults
//!
//! A program that does not pass its checks, or an initial state that is not the task's, is a fault of
//! the task. Blobs that cannot be had, files and kernels are faults of this machine.
//!
//! # Devices
//!
//! A device that fails does not cost the task: with `--gpu` the job goes on with the processor, from the newest
//! checkpoint on, which is what the next process would do too. Nor does one that computes something else: before a
//! training, a check or a move, the first step of the task is done by both, and must end in the same state. While all
//! steps are done, the processor does some of them again, for a tenth of its time, and the last one. If one comes out
//! otherwise, the processor begins again, in a folder of its own. What a device gets wrong in a step that is not done
//! again, and in no other, is not found. A heartbeat over wrong states that the chain has cannot be taken back: the node makes
//! no claim that contradicts it, and the task is late.
//!
//! # The sandbox
//!
//! Programs, data and tensors come from strangers, and the node, which has keys, runs as the same user.
//! `assay-worker serve` enters a [`Sandbox`] before it reads a word or starts a thread. On Linux it
//! gives up
//!
//! | what | by |
//! |---|---|
//! | changing files outside the task's folder; in it, links, devices, sockets and running files | Landlock |
//! | reading files outside the folders of the task and of the blobs | Landlock |
//! | modes, owners, times and attributes of files, in the folder too: Landlock does not ask | seccomp |
//! | network, other programs, signals to, memory and priority of other processes, what they share | seccomp |
//! | mounts, keyrings, tracing, kernel modules, io_uring and the like | seccomp |
//!
//! With `--gpu` the driver is opened before, and the device computes something, since the driver opens devices and files
//! of its own; its threads then are not confined by Landlock, which is a [`Gap`]. What it may open later as well:
//!
//! | what | for |
//! |---|---|
//! | `/dev/nvidia*`, `/proc/self/task` | reading and writing |
//! | `/proc/driver/nvidia`, `/proc/driver/nvidia-uvm`, `/sys/devices/system/node` | reading |
//! | `/proc/self/maps`, `/proc/self/status` | reading |
//!
//! Reading matters although there is no network: what a worker publishes, the host hands to anyone.
//!
//! It does *not* limit memory, time or disk, nor protect other jobs of the task, which share the folder,
//! nor help against defects of the kernel. The filter lists what is denied, so what nobody thought of
//! stays open. A machine that lacks a part gets the others: each [`Gap`] is a warning, or with
//! `--sandbox required` the end. Whoever calls [`serve`] directly has no sandbox but its own.
//!
//! # Liars
//!
//! What a worker does beside computing goes through [`Behaviour`], and what it computes through
//! [`Kernels`]. Tests and demos wrap both to get workers that lie in exactly one way; [`Honest`] is
//! the behaviour of everybody else.

mod sandbox;
mod serve;
mod stderr_log;

pub use assay_backend_cpu::{CpuKernels, KernelError, Kernels, RecordSource};
pub use sandbox::{Gap, Sandbox};
pub use serve::{serve, serve_with, Behaviour, Honest, Means};
pub use stderr_log::log_to_stderr;
