//! Messages between host and worker, and the handshake.
