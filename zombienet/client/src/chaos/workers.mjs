// Command lines of workers: honest, and one lie each.
import { binary } from "../network.mjs";

export const honest = [binary("assay-worker"), "serve"];
export const lying = (lie) => [binary("assay-malus"), "--lie", lie];
