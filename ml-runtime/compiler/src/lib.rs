//! Task manifest to step program: layers, graph-to-graph autodiff, optimisers, initialisers.
