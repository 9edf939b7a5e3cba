//! The route: which lane gets the next records. Pure: lanes are numbers, and closures return their state.

use crate::sys::text::spelled;

/// How a lane is chosen among the active ones, once per burst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// The emptiest lane, equals in turn. Avoids a worker whose sink stalls.
    #[default]
    LeastOccupied,
    /// Each lane in turn.
    RoundRobin,
}
spelled!(Route: LeastOccupied = "least-occupied", RoundRobin = "round-robin");

/// Chooses lanes.
#[derive(Debug)]
pub(crate) struct Router {
    route: Route,
    /// Where the next search begins, so that equals are served in turn.
    turn: usize,
}

impl Router {
    pub(crate) fn new(route: Route) -> Self {
        Self { route, turn: 0 }
    }

    /// The lane for the next records, among the first `active`; `None` if all of them are closed.
    #[inline]
    pub(crate) fn route(
        &mut self,
        active: usize,
        fill: impl Fn(usize) -> u64,
        is_closed: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.turn = if self.turn + 1 < active {
            self.turn + 1
        } else {
            0
        };
        let lane = match self.route {
            Route::LeastOccupied if active > 1 => self.least_occupied(active, &fill, |_| true)?,
            _ => self.turn,
        };
        if !is_closed(lane) {
            return Some(lane);
        }
        // Its worker has gone: choose among the open lanes.
        match self.route {
            Route::LeastOccupied => self.least_occupied(active, &fill, |lane| !is_closed(lane)),
            Route::RoundRobin => {
                let mut in_turn = (self.turn..active).chain(0..self.turn);
                in_turn.find(|lane| !is_closed(*lane))
            }
        }
    }

    /// The first of the least occupied lanes that may be taken, beginning with the one whose turn it is.
    #[inline]
    fn least_occupied(
        &self,
        active: usize,
        fill: &impl Fn(usize) -> u64,
        may_be_taken: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut least = (u64::MAX, None);
        for lanes in [self.turn..active, 0..self.turn] {
            for lane in lanes {
                let fill = fill(lane);
                if fill < least.0 && may_be_taken(lane) {
                    least = (fill, Some(lane));
                    if fill == 0 {
                        return least.1; // no lane has less
                    }
                }
            }
        }
        least.1
    }
}

#[cfg(test)]
mod tests {
    use super::{Route, Router};

    /// The lanes that a number of bursts go to, each of which adds 1 to its lane's fill.
    fn chosen(route: Route, mut fill: Vec<u64>, closed: &[usize], bursts: usize) -> Vec<usize> {
        let mut router = Router::new(route);
        let mut lanes = Vec::new();
        for _ in 0..bursts {
            let active = fill.len();
            let lane = router.route(active, |lane| fill[lane], |lane| closed.contains(&lane));
            lanes.extend(lane);
            if let Some(lane) = lane {
                fill[lane] += 1;
            }
        }
        lanes
    }

    #[test]
    fn least_occupied_fills_the_emptiest_lane_first_and_round_robin_does_not_look() {
        let fill = vec![5, 0, 3];
        assert_eq!(
            chosen(Route::LeastOccupied, fill.clone(), &[], 7),
            [1, 1, 1, 1, 2, 1, 2]
        );
        assert_eq!(chosen(Route::RoundRobin, fill, &[], 4), [1, 2, 0, 1]);
    }

    #[test]
    fn equals_are_served_in_turn() {
        let lanes = chosen(Route::LeastOccupied, vec![0; 3], &[], 6);
        assert_eq!(lanes, [1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn a_closed_lane_gets_nothing_and_without_an_open_one_there_is_none() {
        for route in [Route::LeastOccupied, Route::RoundRobin] {
            let lanes = chosen(route, vec![0, 9, 9], &[0], 4);
            assert!(lanes.len() == 4 && !lanes.contains(&0), "{lanes:?}");
            assert!(chosen(route, vec![0, 0], &[0, 1], 1).is_empty());
        }
    }
}
