//! CPU kernels in the order that the op spec fixes.
