# Sourced by scripts that change our code on purpose: a copy of the working tree at $TREE, kept so that a later run
# builds what has changed only.

# Makes the copy equal to the working tree. Only what differs is written, so that the rest stays built.
copy_tree() {
	mkdir -p "$TREE"
	git -C "$ROOT" ls-files -z --cached --others --exclude-standard |
		python3 "$ROOT/scripts/museum/copy.py" "$ROOT" "$TREE"
}

# Adds a package to the copy that depends on every library, and lists in `select` what has none. With all of them
# selected, dependencies have the features that they have in a build of the whole workspace, and are not built again;
# of these packages nothing is built, as they have no target of the kind that is asked for.
join_features() {
	rm -rf "$TREE/museum"
	mkdir -p "$TREE/museum/src"
	echo 'fn main() {}' >"$TREE/museum/src/main.rs"
	sed -i 's|^members = \[|&\n\t"museum",|' "$TREE/Cargo.toml"
	mapfile -t select < <(cd "$ROOT" && cargo metadata --no-deps --locked --offline --format-version 1 |
		python3 "$ROOT/scripts/museum/features.py" "$TREE/museum/Cargo.toml" "$ROOT")
}
