//! The house put together: store, doors and ports of one relay, and how it all ends.
//!
//! [`House::open`] does everything that can fail for a reason a person must mend: lock the folder,
//! load or make the certificate, bind every port. Either all of it works or nothing stays bound.
//! [`House::serve`] runs until a signal, or until the store can no longer promise durability.

mod rooms;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use doors::housekeeping::{Housekeeping, Postmaster};
use net::cert::{CertError, Files, LiveIdentity, SelfSigned};
use net::listener::BindError;
use net::server::{Counters, Port};
use net::shutdown::channel;
use net::signals::{Signals, Wish};
use net::systemd::{Notifier, State};
use net::{Budget, Clock, Listener, Opening, Resolver, Service, ShutdownTrigger, Tls, bind_all};
use policy::retention::Retention;
use store::{OpenError, SqliteStore, Store};
use tokio::task::JoinSet;

use crate::config::{Config, TlsMode};
use rooms::Doors;

/// Why the house could not be opened, or had to be closed.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    /// The mail store.
    #[error("the mail store: {0}")]
    Store(#[from] OpenError),
    /// The certificate or its key.
    #[error("the certificate: {0}")]
    Certificate(#[from] CertError),
    /// TLS cannot be set up with it.
    #[error("the certificate: {0}")]
    Tls(#[from] rustls::Error),
    /// Ports that cannot be had; nothing was bound.
    #[error("{}", all(.0))]
    Bind(Vec<BindError>),
    /// The system's resolver, which DKIM keys are looked up with.
    #[error("the resolver of this system (/etc/resolv.conf): {0}")]
    Resolver(#[source] io::Error),
    /// The pages cannot be rendered.
    #[error("the web pages: {0}")]
    Pages(#[from] doors::web::TemplateError),
    /// The operating system refused something that always works.
    #[error("the operating system: {0}")]
    System(#[from] io::Error),
    /// The store stopped for good while the relay ran; a restart looks at everything anew.
    #[error("the mail store cannot promise durability any more, so the relay stops: {0}")]
    Durability(String),
}

fn all(errors: &[BindError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// An opened house: everything is bound, nothing is served yet.
pub struct House {
    store: Arc<dyn Store>,
    doors: Arc<Doors>,
    ports: Vec<Port<Listener>>,
    certificate: Certificate,
    clock: Clock,
    retention: Retention,
    postmaster: Postmaster,
    /// Heard from the opening on: whoever sees that the house is open may want it closed at once.
    signals: Signals,
}

/// The certificate in use, and the files it is reloaded from.
struct Certificate {
    live: LiveIdentity,
    files: Files,
}

impl House {
    /// Opens the house a configuration describes. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The first thing a person must mend; for ports, all of them.
    pub async fn open(config: &Config) -> Result<House, HouseError> {
        let signals = Signals::listen()?;
        let clock = Clock::real();
        let store: Arc<dyn Store> = SqliteStore::open(store::Options {
            quota_bytes: config.limits.mailbox_size_max.bytes(),
            ..store::Options::new(config.data_dir.clone())
        })?;
        let certificate = certificate(config, &clock)?;
        let tls = certificate.live.tls()?;
        let resolver = resolver(config).map_err(HouseError::Resolver)?;
        let doors = Arc::new(Doors::new(config, &store, resolver, &clock)?);
        let ports = ports(config, &tls, &clock)?;
        let retention = Retention {
            mail_days: config.retention.delete_mails_after_days,
            large_mail_days: config.retention.delete_large_after_days,
            inactive_user_days: config.retention.delete_inactive_users_after_days,
        };
        let postmaster =
            Postmaster { hostname: config.domain.bare().into(), domain: config.domain.clone() };
        Ok(House { store, doors, ports, certificate, clock, retention, postmaster, signals })
    }

    /// Serves until a signal, or until the store fails; then ends in good order.
    ///
    /// # Errors
    /// If the store failed. Everything acknowledged is on disk all the same.
    pub async fn serve(self) -> Result<(), HouseError> {
        let House { store, doors, ports, certificate, clock, retention, postmaster, mut signals } =
            self;
        let (trigger, shutdown) = channel();
        let mut tasks = JoinSet::new();
        for port in ports {
            let doors = Arc::clone(&doors);
            let handler = move |accepted| Arc::clone(&doors).greet(accepted);
            tasks.spawn(net::serve(port, shutdown.clone(), handler));
        }
        let keeper = Housekeeping::new(Arc::clone(&store), clock.clone(), retention, postmaster);
        tasks.spawn(keeper.run(shutdown.clone()));
        let Certificate { live, files } = certificate;
        tasks.spawn(net::cert::watch(files.clone(), live.clone(), clock.clone(), shutdown));

        let manager = service_manager();
        tell(&manager, &State::Ready);
        let end = watch_over(&mut signals, store.as_ref(), || {
            // A certificate that cannot be used is reported; the old one stays.
            if let Err(error) = live.reload(&files, &clock) {
                tracing::error!(%error, "the certificate was not reloaded");
            }
        })
        .await;
        tell(&manager, &State::Stopping);
        close(&trigger, tasks, &mut signals).await;
        if let Err(error) = store.close().await {
            tracing::warn!(%error, "the store did not close in good order");
        }
        end
    }
}

/// Waits for the end: a wish to stop, or a store that failed.
async fn watch_over(
    signals: &mut Signals,
    store: &dyn Store,
    reload: impl Fn(),
) -> Result<(), HouseError> {
    loop {
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::Stop => return Ok(()),
                Wish::Reload => reload(),
            },
            why = store.failed() => return Err(HouseError::Durability(why)),
        }
    }
}

/// Lets everyone finish; a second signal means "now".
async fn close(trigger: &ShutdownTrigger, mut tasks: JoinSet<()>, signals: &mut Signals) {
    trigger.pull();
    let leave = async { while tasks.join_next().await.is_some() {} };
    tokio::select! {
        () = leave => {}
        wish = signals.next() => tracing::warn!(?wish, "stopping at once"),
    }
}

fn certificate(config: &Config, clock: &Clock) -> Result<Certificate, CertError> {
    let now = clock.now();
    let (identity, files) = match (config.tls.mode, &config.tls.cert, &config.tls.key) {
        (TlsMode::Files, Some(cert), Some(key)) => {
            let files = Files { certificate: cert.clone(), key: key.clone() };
            (files.load(now)?, files)
        }
        _ => {
            let folder: PathBuf = config.data_dir.clone();
            let own = SelfSigned::of_relay(config.domain.bare(), &folder, config.is_local());
            (own.load_or_make(now)?, own.files)
        }
    };
    Ok(Certificate { live: LiveIdentity::new(identity), files })
}

/// Whom the relay asks for DKIM keys: the system's name servers; nobody if it is only for this
/// machine or takes no mail from elsewhere.
fn resolver(config: &Config) -> io::Result<Resolver> {
    match config.is_local() || config.listen.smtp.is_empty() {
        true => Resolver::with_servers(&[]),
        false => Resolver::system(),
    }
}

/// Binds every port. Services that share a kind share its budget; 443 has room for as many IMAP
/// connections as IMAP itself, since clients idle there too.
fn ports(config: &Config, tls: &Tls, clock: &Clock) -> Result<Vec<Port<Listener>>, HouseError> {
    let (listen, limits) = (&config.listen, &config.limits);
    let budget = |total| match config.unlimited {
        true => Budget::unlimited_share(total),
        false => Budget::new(total),
    };
    let imap = budget(limits.imap_connections_max);
    let smtp = budget(limits.smtp_connections_max);
    // Strangers have a budget of their own: whatever they do, users can send.
    let mx = budget(limits.smtp_connections_max);
    let mux = budget(limits.imap_connections_max);
    let http = budget(limits.http_connections_max);
    let starttls = |service| Opening::StartTls(service, tls.clone());
    let from_start = |service| Opening::Tls(service, tls.clone());
    let services = [
        (&listen.smtp, starttls(Service::Mx), &mx),
        (&listen.submission, starttls(Service::Submission), &smtp),
        (&listen.submissions, from_start(Service::Submission), &smtp),
        (&listen.imap, starttls(Service::Imap), &imap),
        (&listen.imaps, from_start(Service::Imap), &imap),
        (&listen.https, Opening::Mux(tls.clone()), &mux),
        (&listen.http, Opening::Plain(Service::Web), &http),
    ];
    let addresses: Vec<_> = services.iter().flat_map(|(list, _, _)| list.iter().copied()).collect();
    let listeners = bind_all(&addresses).map_err(HouseError::Bind)?;
    let port = |listener: Listener| {
        let mine = |list: &[SocketAddr]| list.contains(&listener.address());
        let (_, opening, budget) = services.iter().find(|(list, _, _)| mine(list))?;
        Some(Port {
            opening: opening.clone(),
            budget: Arc::clone(budget),
            counters: Arc::new(Counters::default()),
            clock: clock.clone(),
            listener,
        })
    };
    Ok(listeners.into_iter().filter_map(port).collect())
}

/// The service manager that started us, if one did.
fn service_manager() -> Notifier {
    #[expect(clippy::disallowed_methods, reason = "this is the room that reads the environment")]
    let socket = std::env::var_os("NOTIFY_SOCKET").map(PathBuf::from);
    Notifier::new(socket.as_deref()).unwrap_or_else(|error| {
        tracing::warn!(%error, "the service manager's socket cannot be used");
        Notifier::default()
    })
}

fn tell(manager: &Notifier, state: &State<'_>) {
    if let Err(error) = manager.tell(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
