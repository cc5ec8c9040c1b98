//! The doors, furnished from the configuration, and who is led to which.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use doors::accounts::{AccountRules, Accounts, FactsSource};
use doors::imap::{ImapDoor, ImapSettings, ServerMetadata};
use doors::mx::{MxDoor, MxSettings};
use doors::submission::{SubmissionDoor, SubmissionSettings};
use doors::web::redirect::Redirect;
use doors::web::{Registration, Site, TemplateError, new_rate};
use doors::{imap, mx, submission, web};
use net::{Accepted, Clock, Resolver, Service};
use policy::accounts::{NameRules, SystemLimits};
use policy::rate::Gcra;
use store::Store;

use super::super::facts;
use super::super::pages;
use crate::config::Config;

/// All doors of the house.
pub(super) struct Doors {
    imap: Arc<ImapDoor>,
    submission: Arc<SubmissionDoor>,
    mx: Arc<MxDoor>,
    site: Arc<Site>,
    redirect: Arc<Redirect>,
    clock: Clock,
}

impl Doors {
    pub(super) fn new(
        config: &Config,
        store: &Arc<dyn Store>,
        resolver: Resolver,
        clock: &Clock,
    ) -> Result<Doors, TemplateError> {
        let facts = facts::source(clock.clone(), config.data_dir.clone(), config.no_create_file());
        let accounts = Arc::new(accounts(config, store, clock, &facts));
        let imap = ImapDoor::new(
            Arc::clone(store),
            Arc::clone(&accounts),
            clock.clone(),
            imap_settings(config),
        );
        let submission = SubmissionDoor::new(
            Arc::clone(store),
            accounts,
            clock.clone(),
            submission_settings(config),
        );
        let mx = MxDoor::new(Arc::clone(store), resolver, clock.clone(), mx_settings(config));
        Ok(Doors {
            imap: Arc::new(imap),
            mx: Arc::new(mx),
            submission: Arc::new(submission),
            site: Arc::new(Site::new(pages::facts(config), registration(config, facts))?),
            redirect: Arc::new(pages::redirect(config)),
            clock: clock.clone(),
        })
    }

    /// Leads a connection to its door.
    pub(super) async fn greet(self: Arc<Self>, accepted: Accepted) {
        match accepted.service {
            Service::Imap => imap::serve(Arc::clone(&self.imap), accepted).await,
            Service::Submission => submission::serve(Arc::clone(&self.submission), accepted).await,
            Service::Web => self.show(accepted).await,
            Service::Mx => mx::serve(Arc::clone(&self.mx), accepted).await,
        }
    }

    async fn show(&self, accepted: Accepted) {
        let Accepted { stream, peer, mut shutdown, .. } = accepted;
        let stop = async move { shutdown.requested().await };
        if stream.is_tls() {
            let (site, clock) = (Arc::clone(&self.site), self.clock.clone());
            web::serve(stream, site, peer.ip(), move || clock.elapsed(), stop).await;
        } else {
            web::redirect::serve(stream, Arc::clone(&self.redirect), peer.ip(), stop).await;
        }
    }
}

fn accounts(
    config: &Config,
    store: &Arc<dyn Store>,
    clock: &Clock,
    facts: &FactsSource,
) -> Accounts {
    let limits = &config.accounts;
    let rules = AccountRules {
        names: NameRules {
            username_min: limits.username_min_length,
            username_max: limits.username_max_length,
            password_min: limits.password_min_length,
            domain: config.domain.clone(),
        },
        system: SystemLimits {
            load_1m_max: limits.max_load_1m,
            available_memory_bytes_min: limits.min_available_memory.bytes(),
            free_disk_bytes_min: limits.min_free_disk.bytes(),
        },
        facts: Arc::clone(facts),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Accounts::new(Arc::clone(store), clock.clone(), rules, cores)
}

fn imap_settings(config: &Config) -> ImapSettings {
    ImapSettings {
        machine: ::imap::Config {
            message_bytes_max: config.limits.message_size_max.bytes(),
            ..::imap::Config::default()
        },
        metadata: ServerMetadata {
            admin: config.privacy.mail.as_ref().map(|mail| format!("mailto:{mail}")),
            recipients_max: config.limits.recipients_max,
        },
        connections_per_user: config.limits.imap_connections_per_user,
    }
}

fn submission_settings(config: &Config) -> SubmissionSettings {
    SubmissionSettings {
        hostname: config.domain.bare().into(),
        domain: config.domain.clone(),
        message_size_max: config.limits.message_size_max.bytes(),
        recipients_max: config.limits.recipients_max,
        rate: (!config.unlimited).then(|| send_rate(config)),
    }
}

fn mx_settings(config: &Config) -> MxSettings {
    MxSettings {
        hostname: config.domain.bare().into(),
        domain: config.domain.clone(),
        message_size_max: config.limits.message_size_max.bytes(),
        recipients_max: config.limits.recipients_max,
        check_origin: true,
    }
}

fn send_rate(config: &Config) -> Gcra {
    // The schema refuses zero for both.
    let count = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    let limits = &config.limits;
    Gcra::new(count(limits.send_per_minute), Duration::from_secs(60), count(limits.send_burst))
}

fn registration(config: &Config, facts: FactsSource) -> Registration {
    let closed = move || {
        let closed = facts().no_create;
        closed.then(|| "This relay does not make new accounts at the moment.".to_owned())
    };
    Registration {
        random: Arc::new(net::random::fill),
        closed: Arc::new(closed),
        limit: (!config.unlimited).then(new_rate),
    }
}
