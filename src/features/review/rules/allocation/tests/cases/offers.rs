//! Reviews that come back.

use super::*;

#[test]
fn a_declined_review_goes_to_the_least_loaded() {
    let mut request = round(1, 5, 1);
    request.existing = vec![existing(0, 100, Standing::Over)];
    request.history = vec![past(2, 100)];
    request.reviewers[1].load = 1;
    request.reviewers[3].school = school(1);
    request.partner_min = 1;
    let next = |request: &Request| match reoffer(request, work(100)) {
        Ok(Offer::Made(made)) => made.reviewer,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(&request), member(3));
    (request.partner_min, request.home_min) = (0, 1);
    assert_eq!(next(&request), member(4));
    request.reviewers[3].load = 1;
    request.reviewers[4].load = 1;
    assert_eq!(next(&request), member(2));
}

#[test]
fn an_offer_that_cannot_be_made_says_why() {
    let mut request = round(1, 1, 1);
    let offer = |request: &Request, author| reoffer(request, work(author)).map_err(|invalid| invalid.to_string());
    assert_eq!(offer(&request, 55), Ok(Offer::None(NoOffer::UnknownSnapshot)));
    request.existing = vec![existing(0, 100, Standing::Live)];
    assert_eq!(offer(&request, 100), Ok(Offer::None(NoOffer::NotNeeded)));
    request.existing = vec![existing(0, 100, Standing::Over)];
    let barred = vec![Barred {
        barrier: Barrier::AlreadyOver,
        reviewers: 1,
    }];
    let nobody = NoOffer::Nobody {
        cause: Cause::NoEligibleReviewer,
        barred,
    };
    assert_eq!(offer(&request, 100), Ok(Offer::None(nobody)));
    request.reviewers.clear();
    let nobody = NoOffer::Nobody {
        cause: Cause::NoReviewers,
        barred: Vec::new(),
    };
    assert_eq!(offer(&request, 100), Ok(Offer::None(nobody)));
}
