//! The arithmetic of shapes: how much work is done by a time, and by which time an amount of work is exceeded.
//!
//! Both are whole numbers and exact, and `first_beyond` is the inverse of `work_fs`, so that a schedule's two
//! directions agree for runs of days. Factors are femtoseconds of work each nanosecond, [`FS_PER_NS`] being the rate.
//! Divisions round work up: in whole femtoseconds an amount is exceeded by a time exactly when it is in fractions of
//! them.

use crate::sources::schedule::FS_PER_NS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Square {
    pub(crate) period_ns: u64,
    pub(crate) low: u64,
}

impl Square {
    /// An odd nanosecond belongs to the second half.
    fn half_ns(&self) -> u128 {
        u128::from(self.period_ns / 2)
    }

    fn per_period_fs(&self) -> u128 {
        let low_ns = u128::from(self.period_ns) - self.half_ns();
        self.half_ns() * FS_PER_NS + low_ns * u128::from(self.low)
    }

    pub(crate) fn work_fs(&self, at_ns: u128) -> u128 {
        let period_ns = u128::from(self.period_ns);
        let (periods, rest) = (at_ns / period_ns, at_ns % period_ns);
        let high_ns = rest.min(self.half_ns());
        let low_ns = rest - high_ns;
        periods * self.per_period_fs() + high_ns * FS_PER_NS + low_ns * u128::from(self.low)
    }

    pub(crate) fn first_beyond(&self, work_fs: u128) -> u128 {
        let per_period_fs = self.per_period_fs();
        let (periods, rest) = (work_fs / per_period_fs, work_fs % per_period_fs);
        let high_fs = self.half_ns() * FS_PER_NS;
        let full_ns = if rest < high_fs {
            rest / FS_PER_NS
        } else {
            // Where low is 0, a period's work is done by its half, and there is no such rest.
            self.half_ns() + (rest - high_fs) / u128::from(self.low)
        };
        periods * u128::from(self.period_ns) + full_ns + 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) at_ns: u64,
    pub(crate) after: u64,
}

impl Step {
    pub(crate) fn work_fs(&self, at_ns: u128) -> u128 {
        let before_ns = at_ns.min(u128::from(self.at_ns));
        before_ns * FS_PER_NS + (at_ns - before_ns) * u128::from(self.after)
    }

    pub(crate) fn first_beyond(&self, work_fs: u128) -> u128 {
        let before_fs = u128::from(self.at_ns) * FS_PER_NS;
        if work_fs < before_fs {
            return work_fs / FS_PER_NS + 1;
        }
        let after_ns = (work_fs - before_fs).checked_div(u128::from(self.after));
        after_ns.map_or(u128::MAX, |after_ns| u128::from(self.at_ns) + after_ns + 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ramp {
    pub(crate) over_ns: u64,
    pub(crate) from: u64,
}

impl Ramp {
    pub(crate) fn work_fs(&self, at_ns: u128) -> u128 {
        let on_ramp_ns = at_ns.min(u128::from(self.over_ns));
        self.on_ramp_fs(on_ramp_ns) + (at_ns - on_ramp_ns) * FS_PER_NS
    }

    /// The area under the ramp: a rectangle as high as its beginning, and a triangle on top of it or cut out of it.
    /// All of it stays below 2^127: seven days are less than 2^50 ns, and no ramp begins at 2^27 or more.
    fn on_ramp_fs(&self, at_ns: u128) -> u128 {
        let (from, double_ns) = (u128::from(self.from), 2 * u128::from(self.over_ns));
        let square = at_ns * at_ns;
        if from <= FS_PER_NS {
            from * at_ns + ((FS_PER_NS - from) * square).div_ceil(double_ns)
        } else {
            from * at_ns - (from - FS_PER_NS) * square / double_ns
        }
    }

    pub(crate) fn first_beyond(&self, work_fs: u128) -> u128 {
        let over_ns = u128::from(self.over_ns);
        let ramp_fs = self.on_ramp_fs(over_ns);
        if work_fs >= ramp_fs {
            return over_ns + (work_fs - ramp_fs) / FS_PER_NS + 1;
        }
        // A floating-point root is mostly the nanosecond before, and never far from it: look outwards in growing
        // strides until the moment lies between two, then halve.
        let guess = self.root(work_fs).min(over_ns);
        let is_beyond = |at_ns| self.on_ramp_fs(at_ns) > work_fs;
        let mut stride = 1;
        let (mut before, mut beyond) = (guess, guess);
        if is_beyond(guess) {
            while is_beyond(before) {
                beyond = before;
                before = before.saturating_sub(stride);
                stride *= 2;
            }
        } else {
            while !is_beyond(beyond) {
                before = beyond;
                beyond = over_ns.min(beyond + stride);
                stride *= 2;
            }
        }
        while beyond - before > 1 {
            let middle = u128::midpoint(before, beyond);
            if is_beyond(middle) {
                beyond = middle;
            } else {
                before = middle;
            }
        }
        beyond
    }

    /// About when this much work is done: the root of the area's quadratic, in the form that subtracts no near equals.
    fn root(&self, work_fs: u128) -> u128 {
        let (from, over, work) = (self.from as f64, self.over_ns as f64, work_fs as f64);
        let climb = FS_PER_NS as f64 - from;
        let speed = (from * from + 2.0 * climb * work / over).max(0.0).sqrt();
        #[expect(
            clippy::cast_sign_loss,
            reason = "nothing in it is negative; 0 / 0 becomes 0"
        )]
        let root = (2.0 * work / (from + speed)) as u128;
        root
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Burst {
    pub(crate) period_ns: u64,
    /// In millionths of the period.
    pub(crate) share: u64,
}

impl Burst {
    /// Never 0: a share of a period that is shorter than a nanosecond is one.
    fn within_ns(&self) -> u128 {
        (u128::from(self.period_ns) * u128::from(self.share) / FS_PER_NS).max(1)
    }

    fn per_period_fs(&self) -> u128 {
        u128::from(self.period_ns) * FS_PER_NS
    }

    pub(crate) fn work_fs(&self, at_ns: u128) -> u128 {
        let period_ns = u128::from(self.period_ns);
        let (periods, rest) = (at_ns / period_ns, at_ns % period_ns);
        let within_ns = self.within_ns();
        let busy_ns = rest.min(within_ns);
        periods * self.per_period_fs() + (busy_ns * self.per_period_fs()).div_ceil(within_ns)
    }

    pub(crate) fn first_beyond(&self, work_fs: u128) -> u128 {
        let per_period_fs = self.per_period_fs();
        let (periods, rest) = (work_fs / per_period_fs, work_fs % per_period_fs);
        periods * u128::from(self.period_ns) + rest * self.within_ns() / per_period_fs + 1
    }
}
