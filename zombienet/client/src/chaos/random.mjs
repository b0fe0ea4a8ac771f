// Chance that can be repeated: everything random in a scenario follows from its seed.

/** Numbers from a seed (mulberry32, a 32-bit generator in the public domain). */
export class Random {
	constructor(seed) { this.state = seed >>> 0; }

	/** A number from 0 (included) to 1 (excluded). */
	next() {
		this.state = (this.state + 0x6d2b79f5) >>> 0;
		let t = this.state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	}

	/** A number from `low` to `high`. */
	between(low, high) { return low + (high - low) * this.next(); }
	/** A whole number from 0 to below `n`. */
	below(n) { return Math.floor(this.next() * n); }
	pick(list) { return list[this.below(list.length)]; }

	/** A copy in random order. */
	shuffle(list) {
		const out = [...list];
		for (let i = out.length - 1; i > 0; i -= 1) {
			const j = this.below(i + 1);
			[out[i], out[j]] = [out[j], out[i]];
		}
		return out;
	}
}
