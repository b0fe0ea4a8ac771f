use super::*;

#[test]
fn remove_receipt_should_release_deposit() {
	new_test_ext(|| {
		let id = claimed();
		run_to(17);
		take_events();
		assert_ok!(Market::remove_receipt(signed(REQUESTER), id));
		assert_eq!(
			take_events(),
			[Event::ReceiptRemoved {
				task: id,
				requester: REQUESTER,
				deposit: Market::receipt_deposit()
			}]
		);
		assert_eq!((free(REQUESTER), Market::phase_of(id)), (PURSE - 808, None));
		8
	});
}

#[test]
fn remove_receipt_should_fail_when_sender_is_not_requester_or_none_exists() {
	new_test_ext(|| {
		let id = claimed();
		assert_noop!(Market::remove_receipt(signed(REQUESTER), id), Error::<Test>::UnknownReceipt);
		run_to(17);
		assert_noop!(Market::remove_receipt(signed(SOLVER), id), Error::<Test>::NotRequester);
		8
	});
}
