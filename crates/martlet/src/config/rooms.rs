//! The settings in the words of the rooms that obey them.

use std::num::NonZeroU32;
use std::time::Duration;

use policy::accounts::{NameRules, SystemLimits};
use policy::rate::Gcra;
use policy::retention::Retention;

use super::Config;

impl Config {
    /// Who may be a user.
    pub fn name_rules(&self) -> NameRules {
        NameRules {
            username_min: self.accounts.username_min_length,
            username_max: self.accounts.username_max_length,
            password_min: self.accounts.password_min_length,
            domain: self.domain.clone(),
        }
    }

    /// What the machine must have left for new accounts.
    pub fn system_limits(&self) -> SystemLimits {
        SystemLimits {
            load_1m_max: self.accounts.max_load_1m,
            available_memory_bytes_min: self.accounts.min_available_memory.bytes(),
            free_disk_bytes_min: self.accounts.min_free_disk.bytes(),
        }
    }

    /// How often one user may send; `None` if limits are lifted.
    pub fn send_rate(&self) -> Option<Gcra> {
        let minute = Duration::from_secs(60);
        let at_least_one = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let (count, burst) = (self.limits.send_per_minute, self.limits.send_burst);
        let rate = || Gcra::new(at_least_one(count), minute, at_least_one(burst));
        (!self.unlimited).then(rate)
    }

    /// When mail and accounts go.
    pub fn retention(&self) -> Retention {
        Retention {
            mail_days: self.retention.delete_mails_after_days,
            large_mail_days: self.retention.delete_large_after_days,
            inactive_user_days: self.retention.delete_inactive_users_after_days,
        }
    }
}
