//! Every ceiling of the house, in one place: name with unit, value, and what happens at it.
//!
//! Those an operator may change are defaults of the configuration and say so (the key is named).
//! Each has two tests: at it, and one past it. There is no magic zero: nothing here means
//! "unlimited".

// ---- Messages ---------------------------------------------------------------------------------

/// Largest message in bytes, as transmitted. `limits.message_size_max`. Beyond: SMTP 552 (at MAIL
/// with SIZE=, else at the end of data), IMAP `NO [TOOBIG]` before the literal is read.
pub const MESSAGE_BYTES_MAX: u64 = 31_457_280;
/// Largest header block in bytes. Beyond: the message is refused as unparsable.
pub const HEADER_BLOCK_BYTES_MAX: usize = 102_400;
/// Most header fields in one block. Beyond: refused as unparsable.
pub const HEADER_FIELDS_MAX: usize = 1_000;
/// Deepest nesting of MIME parts that is looked into; deeper parts are opaque.
pub const MIME_DEPTH_MAX: usize = 100;
/// Most MIME parts that are looked into; what follows is opaque.
pub const MIME_PARTS_MAX: usize = 1_000;
/// Longest MIME boundary in bytes (RFC 2046 says 70). Beyond: there is no boundary.
pub const MIME_BOUNDARY_BYTES_MAX: usize = 200;
/// Most parameters of one Content-Type or Content-Disposition that are kept.
pub const MIME_PARAMETERS_MAX: usize = 100;
/// Largest header block of an inner MIME part that is kept for parsing; the rest of it is skipped.
pub const MIME_PART_HEADER_BYTES_MAX: usize = 16_384;
/// Most entries of one address list in an ENVELOPE; the rest is left out.
pub const ENVELOPE_ADDRESSES_MAX: usize = 1_000;
/// Most address entries of one whole skeleton, enclosed messages included; the rest is left out.
pub const SKELETON_ADDRESSES_MAX: usize = 10_000;
/// Most OpenPGP packets before the encrypted data (one for each recipient key). Beyond: refused.
pub const OPENPGP_PACKETS_MAX: usize = 10_000;
/// Longest text part that can be a secure-join handshake, decoded, in bytes.
pub const SECURE_JOIN_BODY_BYTES_MAX: usize = 1_024;
/// Longest decoded first part of PGP/MIME (`Version: 1`), in bytes.
pub const PGP_VERSION_PART_BYTES_MAX: usize = 1_024;

// ---- Addresses --------------------------------------------------------------------------------

/// Longest local part in bytes (RFC 5321 section 4.5.3.1.1). Beyond: the address is refused.
pub const LOCAL_PART_BYTES_MAX: usize = 64;
/// Longest domain in bytes (RFC 5321 section 4.5.3.1.2). Beyond: the address is refused.
pub const DOMAIN_BYTES_MAX: usize = 255;

// ---- SMTP -------------------------------------------------------------------------------------

/// Longest command line in bytes, with CR LF. Beyond: 500, counted as an error.
pub const SMTP_COMMAND_BYTES_MAX: usize = 2_048;
/// Bytes of a line that is too long that are skipped while its end is looked for. Beyond: 421 and
/// close.
pub const SMTP_LINE_SKIP_BYTES_MAX: usize = 65_536;
/// Longest line of an AUTH exchange in bytes, with CR LF (RFC 4954 section 4). Beyond: 500.
pub const SMTP_AUTH_LINE_BYTES_MAX: usize = 12_288;
/// Most recipients of one message. `limits.recipients_max`; also METADATA `maxsmtprecipients`.
/// Beyond: 452 for each further one, the rest goes on.
pub const SMTP_RECIPIENTS_MAX: usize = 1_000;
/// Errors after which an SMTP connection is closed with 421.
pub const SMTP_ERRORS_MAX: u32 = 20;
/// Failed AUTH attempts after which an SMTP connection is closed with 421.
pub const SMTP_AUTH_FAILURES_MAX: u32 = 3;
/// Patience for an SMTP command, in seconds (RFC 5321 section 4.5.3.2.7). Beyond: 421 and close.
pub const SMTP_COMMAND_TIMEOUT_S: u64 = 300;
/// Patience for all that comes before login on submission, in seconds; TLS begins it anew. Beyond:
/// 421 and close.
pub const SMTP_PREAUTH_TIMEOUT_S: u64 = 60;
/// Patience for the next bytes of message data, in seconds. Beyond: 421 and close.
pub const SMTP_DATA_TIMEOUT_S: u64 = 180;
/// Message data in bytes that buys another such patience; a sender slower than that over the whole
/// patience is a slow loris. Beyond: 421 and close.
pub const SMTP_DATA_PROGRESS_BYTES: u64 = 32_768;
/// Most bytes of message data that are read for nothing, after its refusal is already decided.
/// Beyond: 552 and close.
pub const SMTP_DRAIN_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most bytes waiting in an SMTP session to be understood. Beyond: 451 and close.
pub const SMTP_INPUT_BYTES_MAX: usize = 262_144;
/// Output waiting in an SMTP session before it must be written out, in bytes.
pub const SMTP_OUTPUT_BYTES_HIGH: usize = 16_384;
/// Largest message a delivery report returns whole, in bytes. Beyond: only its header.
pub const REPORT_ORIGINAL_BYTES_MAX: usize = 50_000;
/// Most `Received` fields of an accepted message (RFC 5321 section 6.3). Beyond: 554 5.4.6.
pub const SMTP_HOPS_MAX: usize = 50;

// ---- DKIM -------------------------------------------------------------------------------------

/// Most signatures of one message that are tried, from the top. The rest counts for nothing.
pub const DKIM_SIGNATURES_MAX: usize = 8;
/// Most tags of one signature or key record. Beyond: it is malformed.
pub const DKIM_TAGS_MAX: usize = 50;
/// Most names one signature signs (`h=`). Beyond: it does not count.
pub const DKIM_SIGNED_NAMES_MAX: usize = 250;
/// Most TXT records under one key name that are tried.
pub const DKIM_KEY_RECORDS_MAX: usize = 3;
/// Longest key record in bytes. Beyond: it is malformed.
pub const DKIM_KEY_RECORD_BYTES_MAX: usize = 4_096;
/// Fewest bits of an RSA key (RFC 8301 section 3.2). Below: signatures by it do not count.
pub const DKIM_RSA_BITS_MIN: usize = 1_024;
/// Most bits of an RSA key. Beyond: signatures by it do not count.
pub const DKIM_RSA_BITS_MAX: usize = 8_192;
/// How far clocks may differ, in seconds, where signatures have a beginning or an end.
pub const DKIM_CLOCK_SKEW_S: i64 = 300;
/// Patience for all key look-ups of one message, in seconds. Beyond: 451 4.7.5.
pub const DKIM_LOOKUPS_TIMEOUT_S: u64 = 30;

// ---- DNS --------------------------------------------------------------------------------------

/// Patience for one look-up, retries included, in seconds. Beyond: a temporary failure.
pub const DNS_LOOKUP_TIMEOUT_S: u64 = 10;
/// Answers the resolver remembers, each as long as it says.
pub const DNS_CACHE_ENTRIES_MAX: u64 = 4_096;
/// Longest time a negative answer is remembered, in seconds: a key or host that is published a
/// moment late must not stay unknown.
pub const DNS_NEGATIVE_TTL_S_MAX: u64 = 60;
/// Longest time a positive answer is remembered, in seconds, whatever it says.
pub const DNS_POSITIVE_TTL_S_MAX: u64 = 86_400;

// ---- IMAP -------------------------------------------------------------------------------------

/// Longest command line in bytes, without literals. Beyond: BAD, and BYE before login.
pub const IMAP_LINE_BYTES_MAX: usize = 65_536;
/// Longest command before login in bytes, literals included. Beyond: BYE.
pub const IMAP_PREAUTH_BYTES_MAX: usize = 8_192;
/// Largest literal outside APPEND in bytes. Beyond: `NO [TOOBIG]`, or BYE if it comes unasked (`+`).
pub const IMAP_LITERAL_BYTES_MAX: usize = 65_536;
/// Most bytes of one command, literals included, outside APPEND's message. Beyond: BAD and BYE.
pub const IMAP_COMMAND_BYTES_MAX: usize = 262_144;
/// Deepest nesting of parentheses and of NOT/OR in SEARCH. Beyond: BAD.
pub const IMAP_NESTING_MAX: usize = 50;
/// Most search keys or fetch items in one command. Beyond: BAD.
pub const IMAP_ITEMS_MAX: usize = 1_000;
/// Most different entries in one GETMETADATA or SETMETADATA. Beyond: BAD.
pub const IMAP_METADATA_ENTRIES_MAX: usize = 100;
/// Deepest section (`BODY[1.2.3...]`). Beyond: BAD.
pub const IMAP_SECTION_DEPTH_MAX: usize = 100;
/// Longest BODYSTRUCTURE in bytes, give or take one part. Beyond: parts are shown without their
/// parameters and envelopes.
pub const IMAP_STRUCTURE_BYTES_MAX: usize = 1_048_576;
/// Most messages of one question about metadata or flags; a command about more asks again.
pub const IMAP_BATCH_MESSAGES_MAX: u32 = 500;
/// Output waiting in a session before it must be written out, in bytes.
pub const IMAP_OUTPUT_BYTES_HIGH: usize = 65_536;
/// Most keywords of an open mailbox that are announced in FLAGS lines; later ones are shown on their
/// messages only.
pub const IMAP_KEYWORDS_ANNOUNCED_MAX: usize = 200;
/// BAD commands in a row after which a connection is closed with BYE.
pub const IMAP_ERRORS_MAX: u32 = 20;
/// Failed logins after which a connection is closed with BYE.
pub const IMAP_AUTH_FAILURES_MAX: u32 = 3;
/// Patience before login, in seconds. Beyond: BYE.
pub const IMAP_PREAUTH_TIMEOUT_S: u64 = 180;
/// Patience after login, in seconds (RFC 3501 section 5.4). Beyond: BYE.
pub const IMAP_IDLE_TIMEOUT_S: u64 = 1_800;
/// Pause between `* OK Still here` in IDLE, in seconds; clients give up after 300.
pub const IMAP_KEEPALIVE_S: u64 = 120;
/// Patience for the next bytes of a literal, in seconds. Beyond: BYE.
pub const IMAP_LITERAL_TIMEOUT_S: u64 = 180;
/// Logged-in IMAP connections of one account. `limits.imap_connections_per_user`. Beyond: `NO
/// [UNAVAILABLE]`; those that exist stay.
pub const IMAP_CONNECTIONS_PER_USER_MAX: usize = 50;

// ---- Mailboxes and store ----------------------------------------------------------------------

/// How long mail for other servers waits at the most, in seconds (2 days). Beyond: it is dropped and
/// its sender gets a report.
pub const QUEUE_LIFETIME_S: i64 = 172_800;
/// How long a queue entry is left alone between two looks, in seconds.
pub const QUEUE_PAUSE_S: i64 = 3_600;
/// Longest mailbox name in bytes (UTF-8). Beyond: NO.
pub const MAILBOX_NAME_BYTES_MAX: usize = 255;
/// Most levels of a mailbox name. Beyond: NO.
pub const MAILBOX_LEVELS_MAX: usize = 20;
/// Most mailboxes of an account. Beyond: `NO [LIMIT]`.
pub const MAILBOXES_MAX: usize = 500;
/// Most subscriptions of an account. Beyond: `NO [LIMIT]`.
pub const SUBSCRIPTIONS_MAX: usize = 1_000;
/// Most different keywords on one message. Beyond: `NO [LIMIT]`.
pub const KEYWORDS_PER_MESSAGE_MAX: usize = 32;
/// Longest keyword in bytes. Beyond: BAD.
pub const KEYWORD_BYTES_MAX: usize = 64;
/// Most values under one metadata key (push tokens of one account). The one that expires first
/// makes room.
pub const META_VALUES_MAX: usize = 20;
/// Longest metadata value in bytes. Beyond: `NO [METADATA MAXSIZE 8192]`.
pub const META_VALUE_BYTES_MAX: usize = 8_192;
/// Bodies up to this size live in the database, larger ones in a file of their own, in bytes.
pub const BODY_INLINE_BYTES_MAX: usize = 65_536;
/// Most bytes one body read gives.
pub const BODY_CHUNK_BYTES: usize = 262_144;
/// An account's quota in bytes. `limits.mailbox_size_max`. Beyond: 552 5.2.2 as a report, or
/// `NO [OVERQUOTA]`.
pub const MAILBOX_BYTES_MAX: u64 = 500 * 1024 * 1024;
/// Requests one commit takes together.
pub const COMMIT_BATCH_REQUESTS_MAX: usize = 256;
/// Body bytes one commit takes together.
pub const COMMIT_BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Requests waiting for the writer. Beyond: `Busy` (SMTP 451, IMAP waits).
pub const STORE_QUEUE_REQUESTS_MAX: usize = 4_096;
/// Free disk below which new mail is refused with 452, in bytes: deleting needs room too.
pub const DISK_RESERVE_BYTES: u64 = 64 * 1024 * 1024;
/// How many of a mailbox's changes back removals are remembered one by one. A session that was away
/// longer is told every UID that is no more, which RFC 7162 section 3.2.5.2 allows.
pub const HISTORY_MODSEQS: u64 = 500;
/// How long the result of an acceptance is kept for its dedupe key, in seconds.
pub const DEDUPE_KEPT_S: i64 = 86_400;
/// Write-ahead log from which on it is copied into the database in the background, in bytes.
pub const WAL_CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;
/// Write-ahead log from which on the writer itself copies it before it goes on, in bytes.
pub const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Mailboxes whose `\\Recent` mark waits to be written. Beyond: the next commit takes them along.
pub const NOTICED_WAITING_MAX: usize = 256;
/// Messages of at least this size are large: they expire earlier.
pub const LARGE_MESSAGE_BYTES: u64 = 200_000;

/// Use of a mailbox, in percent of its quota, above which its oldest messages make room.
pub const TRIM_ABOVE_PERCENT: u64 = 75;
/// Use of a mailbox, in percent of its quota, that trimming leaves.
pub const TRIM_TO_PERCENT: u64 = 70;
/// Messages younger than this are never removed to make room, in seconds.
pub const TRIM_SPARES_S: i64 = 86_400;
/// Days after which a message goes. `retention.delete_mails_after_days`.
pub const MAIL_DAYS: u32 = 20;
/// Days after which a large message goes. `retention.delete_large_after_days`.
pub const LARGE_MAIL_DAYS: u32 = 7;
/// Days without login after which an account goes. `retention.delete_inactive_users_after_days`.
pub const INACTIVE_USER_DAYS: u32 = 90;

// ---- Accounts ---------------------------------------------------------------------------------

/// Fewest characters of a new account's local part. `accounts.username_min_length`.
pub const USERNAME_CHARS_MIN: usize = 9;
/// Most characters of a new account's local part. `accounts.username_max_length`.
pub const USERNAME_CHARS_MAX: usize = 9;
/// Fewest characters of a new account's password. `accounts.password_min_length`.
pub const PASSWORD_CHARS_MIN: usize = 9;
/// Longest password in bytes. Beyond: authentication fails before any hashing.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Longest login name in bytes. Beyond: authentication fails before any look-up.
pub const LOGIN_NAME_BYTES_MAX: usize = 320;
/// Messages a user may send a minute in the long run. `limits.send_per_minute`. Beyond: 450 4.7.1.
pub const SEND_PER_MINUTE: u32 = 60;
/// Messages a user may send at once. `limits.send_burst`. Beyond: 450 4.7.1.
pub const SEND_BURST: u32 = 10;
/// Users whose send rate is remembered. Beyond: the ones with a full bucket are forgotten first.
pub const RATE_ENTRIES_MAX: usize = 200_000;
/// Verified logins remembered so that a reconnect costs no hashing.
pub const LOGIN_CACHE_ENTRIES_MAX: usize = 50_000;
/// Password checks waiting for a worker. Beyond: `NO [UNAVAILABLE]` / 454.
pub const PASSWORD_QUEUE_MAX: usize = 4_096;
/// Most memory a stored argon2 hash may ask for, in KiB. Beyond: nobody can log in with it.
pub const ARGON2_MEMORY_KIB_MAX: u32 = 262_144;
/// Most passes a stored argon2 hash may ask for. Beyond: nobody can log in with it.
pub const ARGON2_PASSES_MAX: u32 = 10;
/// Most rounds a stored SHA-crypt hash may ask for. Beyond: nobody can log in with it.
pub const SHA_CRYPT_ROUNDS_MAX: u32 = 1_000_000;
/// Greatest cost a stored bcrypt hash may ask for. Beyond: nobody can log in with it.
pub const BCRYPT_COST_MAX: u32 = 14;
/// How long a refused login waits for its answer, in milliseconds.
pub const LOGIN_FAILURE_DELAY_MS: u64 = 2_000;

// ---- Connections ------------------------------------------------------------------------------

/// Logged-in or not, IMAP connections in all. `limits.imap_connections_max`. Beyond: accept waits.
pub const IMAP_CONNECTIONS_MAX: usize = 20_000;
/// Submission connections in all. `limits.smtp_connections_max`. Beyond: accept waits.
pub const SMTP_CONNECTIONS_MAX: usize = 2_000;
/// Web connections in all. `limits.http_connections_max`. Beyond: accept waits.
pub const HTTP_CONNECTIONS_MAX: usize = 2_000;
/// Share of a listener's connections one address (IPv4) or /64 (IPv6) may hold: one in this many.
pub const CONNECTIONS_PER_ADDRESS_SHARE: usize = 5;
/// Patience for a TLS handshake, in seconds. Beyond: closed.
pub const TLS_HANDSHAKE_TIMEOUT_S: u64 = 10;
/// Patience for a write that makes no progress, in seconds. Beyond: closed.
pub const WRITE_TIMEOUT_S: u64 = 60;
/// Pause of accept when descriptors or memory ran out, in milliseconds.
pub const ACCEPT_BACKOFF_MS: u64 = 100;
/// How long a graceful stop may take, in seconds. Beyond: connections are cut.
pub const STOP_GRACE_S: u64 = 10;

// ---- Web --------------------------------------------------------------------------------------

/// Largest request head in bytes. Beyond: 431.
pub const HTTP_HEAD_BYTES_MAX: usize = 16_384;
/// Patience for a whole request head, in seconds. Beyond: 408 and close.
pub const HTTP_HEAD_TIMEOUT_S: u64 = 10;
/// Patience for the next request on a kept-alive connection, in seconds.
pub const HTTP_IDLE_TIMEOUT_S: u64 = 30;
/// Largest request body where none is wanted, in bytes. Beyond: 413 and close.
pub const HTTP_BODY_BYTES_MAX: usize = 8_192;
/// `/new` requests of one address (or /64) a second in the long run. Beyond: 429.
pub const NEW_PER_SECOND: u32 = 2;
/// `/new` requests of one address (or /64) at once. Beyond: 429.
pub const NEW_BURST: u32 = 5;
/// Addresses (or /64s) whose `/new` rate is remembered. Beyond: those untouched for longest are
/// forgotten.
pub const NEW_RATE_ENTRIES_MAX: usize = 50_000;
