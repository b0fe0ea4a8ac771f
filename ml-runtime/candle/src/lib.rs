//! candle at the border: safetensors in and out, evaluation, and the tolerance oracle.
