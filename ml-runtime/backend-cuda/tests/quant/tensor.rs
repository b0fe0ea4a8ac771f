//! The emulated tensor core.

use assay_backend_cuda::{Argument, Buffer, Emulator, Launch};

use crate::case::Random;

/// `D = A B + C` by one instruction, whose fragments are loaded as the PTX ISA says.
const ONE_PRODUCT: &str = "
.visible .entry one_product(
	.param .u64 one_product_a,
	.param .u64 one_product_b,
	.param .u64 one_product_c,
	.param .u64 one_product_d
)
{
	.reg .b32 	%r<24>;
	.reg .b64 	%rd<16>;
	ld.param.u64 	%rd1, [one_product_a];
	ld.param.u64 	%rd2, [one_product_b];
	ld.param.u64 	%rd3, [one_product_c];
	ld.param.u64 	%rd4, [one_product_d];
	// Lane 4 g + t: byte 32 g + 4 t of A by rows and of B by columns, word 8 g + 2 t of C.
	mov.u32 	%r1, %tid.x;
	mul.wide.u32 	%rd5, %r1, 4;
	and.b32 	%r2, %r1, 3;
	shr.u32 	%r3, %r1, 2;
	shl.b32 	%r4, %r3, 5;
	shl.b32 	%r5, %r2, 2;
	add.s32 	%r6, %r4, %r5;
	shl.b32 	%r7, %r2, 3;
	add.s32 	%r8, %r4, %r7;
	cvt.u64.u32 	%rd6, %r6;
	cvt.u64.u32 	%rd7, %r8;
	add.s64 	%rd8, %rd1, %rd6;
	add.s64 	%rd9, %rd2, %rd6;
	add.s64 	%rd10, %rd3, %rd7;
	add.s64 	%rd11, %rd4, %rd7;
	ld.global.u32 	%r10, [%rd8];
	ld.global.u32 	%r11, [%rd8+256];
	ld.global.u32 	%r12, [%rd8+16];
	ld.global.u32 	%r13, [%rd8+272];
	ld.global.u32 	%r14, [%rd9];
	ld.global.u32 	%r15, [%rd9+16];
	ld.global.u32 	%r16, [%rd10];
	ld.global.u32 	%r17, [%rd10+4];
	ld.global.u32 	%r18, [%rd10+256];
	ld.global.u32 	%r19, [%rd10+260];
	mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r20, %r21, %r22, %r23}, {%r10, %r11, %r12, %r13}, {%r14, %r15}, {%r16, %r17, %r18, %r19};
	st.global.u32 	[%rd11], %r20;
	st.global.u32 	[%rd11+4], %r21;
	st.global.u32 	[%rd11+256], %r22;
	st.global.u32 	[%rd11+260], %r23;
	ret;
}
";

fn one_product(threads: u32) -> [Launch; 1] {
	let buffers = [0, 1, 2].map(Buffer::Operand).into_iter().chain([Buffer::Out]);
	let arguments = buffers.map(Argument::Buffer).collect();
	[Launch { kernel: "one_product", grid: 1, threads, arguments }]
}

#[test]
fn tensor_core_should_equal_integer_product_when_emulated() {
	let device = Emulator::with_modules([ONE_PRODUCT]).expect("known");
	for seed in 0..50 {
		let mut random = Random(seed);
		let mut words = |count| -> Vec<u32> {
			// At first only the least of all numbers, whose product is the greatest.
			(0..count).map(|_| if seed == 0 { 0x8080_8080 } else { random.bits() }).collect()
		};
		let (a, b, c) = (words(16 * 8), words(8 * 8), words(16 * 8));
		let mut d = vec![0; 16 * 8];
		device.run(&[], &one_product(32), &[&a, &b, &c], &mut d).expect("no fault");
		let number = |words: &[u32], row: usize, term: usize| {
			i32::from(words[row * 8 + term / 4].to_le_bytes()[term % 4].cast_signed())
		};
		for (at, d) in d.into_iter().enumerate() {
			let (row, col) = (at / 8, at % 8);
			let products = (0..32).map(|term| number(&a, row, term) * number(&b, col, term));
			let expected = products.fold(c[at].cast_signed(), i32::wrapping_add);
			assert_eq!(d.cast_signed(), expected, "row {row}, column {col}");
		}
	}
}

#[test]
fn tensor_core_should_be_refused_when_the_warp_is_not_whole() {
	let device = Emulator::with_modules([ONE_PRODUCT]).expect("known");
	let (a, b, c, mut d) = (vec![0; 128], vec![0; 64], vec![0; 128], vec![0; 128]);
	let error =
		device.run(&[], &one_product(31), &[&a, &b, &c], &mut d).expect_err("one is missing");
	assert!(error.to_string().contains("less than a whole warp"), "{error}");
}
