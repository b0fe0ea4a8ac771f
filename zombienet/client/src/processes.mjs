// What /proc says about processes.
import { readFileSync, readdirSync } from "node:fs";

/** Whether a process runs and has this parent; false once it has ended. */
function isChild(id, parent) {
	try {
		const stat = readFileSync(`/proc/${id}/stat`, "utf8");
		// After the name, which may hold anything: state, parent, …
		const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return Number(ppid) === parent && state !== "Z";
	} catch {
		return false;
	}
}

/** Ids of the running processes whose parent is this one. */
export function childrenOf(parent) {
	const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number);
	return ids.filter((id) => isChild(id, parent));
}

/** Whether a process has a file in its memory whose path contains this. */
export const hasMapped = (id, part) => readFileSync(`/proc/${id}/maps`, "utf8").includes(part);
