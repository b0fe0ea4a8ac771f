//! Spawns and supervises workers; implements the host functions' extension.
