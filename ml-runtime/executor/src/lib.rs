//! Runs a step program: checkpoints, journal, claim lists, traces and openings.
