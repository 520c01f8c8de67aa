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
    let next = |request: &Request| match &allocated(request).assignments[..] {
        [made] => made.reviewer,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(&request), member(3));
    (request.partner_min, request.home_min) = (0, 1);
    assert_eq!(next(&request), member(4));
    request.reviewers[3].load = 1;
    request.reviewers[4].load = 1;
    assert_eq!(next(&request), member(2));
}
