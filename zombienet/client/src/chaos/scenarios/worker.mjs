import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "../../chain.mjs";
import { binary } from "../../network.mjs";
import { prepare } from "../../task.mjs";

const KILLS = 1000;
/** Steps between committed states, and steps for each kill: more than a life mostly gets on. */
const STRIDE = 2, STEPS_A_KILL = 8;
/** Every so many committed states a checkpoint is kept for good; beside those the newest two are. */
const ANCHOR = 16, ROLLING = 2;
/** Longest life of a worker, in times of what the lives before took to their first checkpoint. */
const LONGEST = 1.5;

/** Step and time of the newest checkpoint, and how many there are. */
function newest(folder) {
	const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^checkpoint-\d+(\.kept)?$/.test(name)).sort() : [];
	if (names.length === 0) return { step: 0, at: 0, files: 0 };
	return { step: Number.parseInt(names.at(-1).slice(11), 10), at: statSync(join(folder, names.at(-1))).mtimeMs, files: names.length };
}

/** Runs a training; kills it after `life` ms if that is given. */
function train(task, out, life) {
	return new Promise((resolve) => {
		const started = Date.now();
		const args = ["train", task.manifest, "--data", task.train, "--out", out, "--json"];
		const child = spawn(binary("assay-worker"), args, { stdio: ["ignore", "pipe", "pipe"] });
		let stdout = "", stderr = "", killed;
		child.stdout.on("data", (text) => { stdout += text; });
		child.stderr.on("data", (text) => { stderr += text; });
		const timer = life === undefined ? undefined : setTimeout(() => { if (child.kill("SIGKILL")) killed = Date.now(); }, life);
		child.on("close", (code, signal) => {
			clearTimeout(timer);
			resolve({ started, killed: signal === "SIGKILL" ? killed : undefined, code, stdout, stderr, ended: Date.now() });
		});
	});
}

async function undisturbed(task, out) {
	const run = await train(task, out);
	expect(run.code === 0, `the training ends well: ${run.stderr || run.stdout}`);
	return { claim: JSON.parse(run.stdout).claim, seconds: (run.ended - run.started) / 1000 };
}

/** What a worker may take from its start to a checkpoint of its own, ms: longer would be a start from the beginning. */
const BACK_WITHIN = 30_000;
/** What a worker may take to its first checkpoint, before any was seen, ms. */
const FIRST_GUESS = 20;
const middle = (numbers, otherwise = 0) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? otherwise;

async function perform(_scenario, { random, dir, kills = KILLS }) {
	const desk = dir ?? mkdtempSync(join(tmpdir(), "assay-"));
	const began = Date.now();
	try {
		const steps = STEPS_A_KILL * Number(kills);
		const task = prepare(join(desk, "task"), "digits", { steps, stride: STRIDE });
		const calm = await undisturbed(task, join(desk, "calm"));
		console.log(`       undisturbed: ${steps} steps in ${calm.seconds.toFixed(1)} s`);
		const out = join(desk, "killed"), folder = join(out, "checkpoints");
		const lost = [], back = [];
		let step = 0, inVain = 0, streak = 0;
		for (let kill = 0; kill < kills; kill += 1) {
			// The machine may become busier or less so: where no life gets anywhere, the next may be longer.
			const longest = LONGEST * middle(back.slice(-20), FIRST_GUESS) * 1.1 ** streak;
			const run = await train(task, out, random.between(0, longest));
			expect(run.killed !== undefined, `${kills} kills while it trains; it ended after ${kill}, with ${run.code}: ${run.stderr}`);
			expect(!/skipping|damaged/.test(run.stderr), `no checkpoint is damaged by a kill: ${run.stderr}`);
			const now = newest(folder);
			expect(now.step >= step, `the newest checkpoint, ${now.step}, is not before that of the life before, ${step}`);
			if (now.step > step) {
				lost.push(run.killed - now.at);
				// Files in between may be gone already: this is when the last was written.
				back.push(now.at - run.started);
				streak = 0;
			} else { inVain += 1; streak += 1; lost.push(run.killed - run.started); }
			step = now.step;
			if ((kill + 1) % 100 === 0) console.log(`       ${kill + 1} kills, at step ${step}, ${now.files} checkpoints on the disk`);
		}
		expect(step > 0 && step < steps, `the kills lie within the training: it was at step ${step} of ${steps}`);
		// One more may have been written when its process was killed.
		const { files } = newest(folder), most = Math.floor(step / (STRIDE * ANCHOR)) + ROLLING + 1;
		expect(files <= most, `at most ${most} checkpoints on the disk after all that, got ${files}`);
		expect(Math.max(...back) <= BACK_WITHIN, `back at work within ${BACK_WITHIN} ms each time, took ${Math.max(...back)}`);
		const { claim } = await undisturbed(task, out);
		for (const [name, value] of Object.entries(calm.claim)) expect(claim[name] === value, `the same ${name}: ${value} and ${claim[name]}`);
		console.log(`       the same claim as the undisturbed run: ${claim.root}`);
		return {
			verdict: "same-roots", kills, "lives-without-checkpoint": inVain, "lost-median": `${middle(lost).toFixed(0)}ms`, "lost-most": `${Math.max(...lost).toFixed(0)}ms`,
			"first-checkpoint-median": `${middle(back).toFixed(0)}ms`, checkpoints: files, time: `${((Date.now() - began) / 1000).toFixed(0)}s`,
		};
	} finally {
		if (!dir) rmSync(desk, { recursive: true, force: true });
	}
}

export default { about: `a worker is killed again and again, ${KILLS} times where nothing else is said, at random instants`, perform };
