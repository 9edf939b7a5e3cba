//! A bounded queue from many threads to one. Whoever posts never waits: what does not fit is counted, and the reader
//! learns how much was lost, at the place where it is missing.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What the reader of a mailbox receives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mail<T> {
    Item(T),
    /// So many items did not fit, here.
    Lost(u64),
}

/// The queue; clones are the same one.
#[derive(Debug)]
pub(crate) struct Mailbox<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// Each with the number of items that were lost before it.
    items: VecDeque<(u64, T)>,
    /// Lost since the last one that fitted.
    lost: u64,
    closed: bool,
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Mailbox<T> {
    /// A mailbox for so many items.
    pub(crate) fn holding(capacity: usize) -> Self {
        Self(Arc::new(Shared {
            capacity,
            state: Mutex::new(State {
                items: VecDeque::new(),
                lost: 0,
                closed: false,
            }),
            changed: Condvar::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        let state = self.0.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an item; counts it as lost if the mailbox is full.
    pub(crate) fn post(&self, item: T) {
        self.post_below(self.0.capacity, item);
    }

    /// Queues an item although the mailbox may be full.
    pub(crate) fn post_anyway(&self, item: T) {
        self.post_below(usize::MAX, item);
    }

    /// Queues an item if less than half of the mailbox is used; otherwise counts it as lost.
    pub(crate) fn post_to_first_half(&self, item: T) {
        self.post_below(self.0.capacity / 2, item);
    }

    fn post_below(&self, limit: usize, item: T) {
        let mut state = self.lock();
        if state.closed {
            return; // nobody reads any more
        }
        if state.items.len() < limit {
            let lost_before = std::mem::take(&mut state.lost);
            state.items.push_back((lost_before, item));
        } else {
            state.lost += 1;
        }
        drop(state);
        self.0.changed.notify_one();
    }

    /// Counts items as lost that were taken but could not be used.
    pub(crate) fn count_lost(&self, items: u64) {
        self.lock().lost += items;
    }

    /// Takes nothing more; the reader still receives what is queued.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.0.changed.notify_one();
    }

    /// Waits for the next item. `None` once the mailbox is closed and empty.
    pub(crate) fn take(&self) -> Option<Mail<T>> {
        let mut state = self.lock();
        loop {
            if let Some((lost_before, _)) = state.items.front_mut() {
                let lost = std::mem::take(lost_before);
                if lost > 0 {
                    return Some(Mail::Lost(lost));
                }
                return state.items.pop_front().map(|(_, item)| Mail::Item(item));
            }
            let lost = std::mem::take(&mut state.lost);
            if lost > 0 {
                return Some(Mail::Lost(lost));
            }
            if state.closed {
                return None;
            }
            let waited = self.0.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mail, Mailbox};

    fn all(mailbox: &Mailbox<u32>) -> Vec<Mail<u32>> {
        mailbox.close();
        std::iter::from_fn(|| mailbox.take()).collect()
    }

    #[test]
    fn what_does_not_fit_is_counted_where_it_is_missing() {
        let mailbox = Mailbox::holding(2);
        (1..=5).for_each(|item| mailbox.post(item));
        assert_eq!(mailbox.take(), Some(Mail::Item(1)));
        mailbox.post(6);
        mailbox.post(7);
        let left = all(&mailbox);
        assert_eq!(
            left,
            [Mail::Item(2), Mail::Lost(3), Mail::Item(6), Mail::Lost(1)]
        );
    }

    #[test]
    fn the_second_half_is_kept_for_what_matters_more_and_some_items_always_fit() {
        let mailbox = Mailbox::holding(4);
        (1..=3).for_each(|item| mailbox.post_to_first_half(item));
        (4..=6).for_each(|item| mailbox.post(item));
        mailbox.post_anyway(7);
        let left = all(&mailbox);
        let lost = Mail::Lost;
        let wanted = [1, 2].map(Mail::Item).into_iter();
        let wanted = wanted.chain([
            lost(1),
            Mail::Item(4),
            Mail::Item(5),
            lost(1),
            Mail::Item(7),
        ]);
        assert_eq!(left, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn a_closed_mailbox_takes_nothing_more_and_counts_nothing() {
        let mailbox = Mailbox::holding(2);
        mailbox.post(1);
        mailbox.close();
        mailbox.post(2);
        assert_eq!(all(&mailbox), [Mail::Item(1)]);
    }
}
