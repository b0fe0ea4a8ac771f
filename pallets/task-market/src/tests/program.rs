use super::*;

/// Posts the program after a change, and gives the error.
fn refused(change: fn(&mut Program)) -> Error<Test> {
	let mut program = program();
	change(&mut program);
	match Pallet::<Test>::admit(&program, work().record_size) {
		Err(error) => error,
		Ok(info) => panic!("admitted: {info:?}"),
	}
}

fn set(program: &mut Program, index: usize, op: Op, inputs: &[u16]) {
	program.nodes[index] = node(op, inputs);
}

#[test]
fn post_task_should_name_the_error_when_program_is_malformed() {
	let same = |got: Error<Test>, want: Error<Test>| {
		assert_eq!(codec::Encode::encode(&got), codec::Encode::encode(&want), "{got:?} {want:?}");
	};
	same(refused(|p| p.opset += 1), Error::ProgramWrongOpset);
	same(refused(|p| p.nodes.clear()), Error::ProgramEmpty);
	same(refused(|p| p.batch = 0), Error::ProgramEmpty);
	same(refused(|p| p.slots.clear()), Error::ProgramWithoutState);
	same(
		refused(|p| set(p, 2, Op::Binary(Binary::Add, Broadcast::None), &[0, 3])),
		Error::ProgramForwardReference,
	);
	same(
		refused(|p| set(p, 2, Op::Binary(Binary::Add, Broadcast::None), &[0])),
		Error::ProgramWrongShape,
	);
	same(refused(|p| set(p, 0, Op::State { slot: 1 }, &[])), Error::ProgramNoSuchSlot);
	same(refused(|p| set(p, 1, Op::State { slot: 0 }, &[])), Error::ProgramSlotReadTwice);
	same(refused(|p| p.slots[0].ty.rows = 0), Error::ProgramBadSlot);
	same(refused(|p| p.slots[0].next = 3), Error::ProgramSlotNextMismatch);
	same(refused(|p| p.loss = 2), Error::ProgramBadLoss);
	same(
		refused(|p| {
			let format = assay_ops::RecordFormat::F32;
			set(p, 1, Op::Load { offset: 4, width: 4, format }, &[]);
		}),
		Error::ProgramLoadOutOfRecord,
	);
}

#[test]
fn post_task_should_fail_when_program_is_too_long_or_expensive() {
	let grow = |p: &mut Program, count: usize| {
		for _ in 0..count {
			p.nodes.try_push(node(Op::Fill { bits: ONE, rows: 1, cols: 4 }, &[])).unwrap();
		}
	};
	let mut long = program();
	grow(&mut long, 300);
	assert!(matches!(Pallet::<Test>::admit(&long, 16), Err(Error::ProgramTooLong)));
	let mut large = program();
	large.nodes.try_push(node(Op::Fill { bits: ONE, rows: 1, cols: 985 }, &[])).unwrap();
	assert!(matches!(Pallet::<Test>::admit(&large, 16), Err(Error::ProgramStepTooExpensive)));
	// Few words, which are read and written again and again.
	let steps = |times: u16| {
		let mut slow = program();
		slow.nodes.try_push(node(Op::Fill { bits: ONE, rows: 1, cols: 230 }, &[])).unwrap();
		for at in 0..times {
			let last = 4 + at;
			slow.nodes.try_push(node(Op::Unary(assay_ops::Unary::Neg), &[last])).unwrap();
		}
		Pallet::<Test>::admit(&slow, 16).map(|info| info.effort(1))
	};
	assert!(steps(2).is_ok(), "{:?}", steps(2));
	assert!(matches!(steps(3), Err(Error::ProgramStepTooExpensive)));
}

#[test]
fn post_task_should_change_nothing_when_program_is_refused() {
	new_test_ext(|| {
		let mut program = program();
		program.loss = 9;
		assert_noop!(
			Market::post_task(
				signed(REQUESTER),
				Box::new(program),
				work(),
				terms(),
				Default::default()
			),
			Error::<Test>::ProgramBadLoss
		);
		0
	});
}

#[test]
fn quote_should_be_what_posting_asks_for() {
	new_test_ext(|| {
		let quote = Market::quote(Box::new(program()), 16, 10).unwrap();
		assert_eq!((quote.min_reward, quote.fee), (160, 1));
		assert_eq!((quote.program.flops, quote.deposit), (16, Market::task_deposit()));
		let mut bad = program();
		bad.opset = 9;
		assert_eq!(
			Market::quote(Box::new(bad), 16, 10),
			Err(Error::<Test>::ProgramWrongOpset.into())
		);
		0
	});
}
