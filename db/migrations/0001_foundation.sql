-- The ground: accounts, sessions, verifications, limits, messages, and what operates them.
--
-- Ids are UUIDv7 in 16 bytes. Hashes, tokens, and keys are binary: no collation may call two of them equal. Times are UTC
-- with microseconds and come from the program, one reading for a request. Whatever would let a reader of this database
-- reach a person or a secret (phone numbers, message texts, password hashes) is sealed with a key that is not in it.

CREATE TABLE IF NOT EXISTS account (
  id                  BINARY(16) NOT NULL PRIMARY KEY,
  email               VARCHAR(254) NOT NULL COMMENT 'as its owner writes it',
  email_key           VARBINARY(254) NOT NULL COMMENT 'lower-case bytes; two accounts never share one',
  external_id         VARBINARY(128) NULL COMMENT 'the host''s own id of this user',
  password_sealed     VARBINARY(255) NULL COMMENT 'Argon2id in PHC form, sealed for this row; NULL when the host signs its users in',
  name                VARCHAR(100) NULL,
  locale              VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'en',
  region              CHAR(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'where national numbers are read',
  currency            CHAR(3) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'USD',
  role                VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
  phone_sealed        VARBINARY(96) NULL COMMENT 'E.164, sealed for this row',
  phone_hash          BINARY(32) NULL COMMENT 'keyed hash of the E.164 form, for look-ups',
  phone_verified_at   DATETIME(6) NULL,
  verified_phone_hash BINARY(32) AS (IF(phone_verified_at IS NULL, NULL, phone_hash)) PERSISTENT COMMENT 'a number is verified on one account at most',
  cooling_off_until   DATETIME(6) NULL COMMENT 'large transfers wait until then after a phone or factor changed',
  created_at          DATETIME(6) NOT NULL,
  UNIQUE KEY account_email (email_key),
  UNIQUE KEY account_external_id (external_id),
  UNIQUE KEY account_verified_phone (verified_phone_hash),
  CHECK ((phone_hash IS NULL) = (phone_sealed IS NULL))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS session (
  token_hash   BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of the token; every request looks a session up by it',
  id           BINARY(16) NOT NULL COMMENT 'its name towards its owner',
  account_id   BINARY(16) NOT NULL,
  aal          TINYINT NOT NULL COMMENT 'authenticator assurance level: 1 after a password, 2 after a second factor',
  user_agent   VARCHAR(200) NOT NULL DEFAULT '',
  address      VARBINARY(45) NOT NULL DEFAULT '',
  created_at   DATETIME(6) NOT NULL,
  last_seen_at DATETIME(6) NOT NULL COMMENT 'moved on at most once a minute',
  expires_at   DATETIME(6) NOT NULL COMMENT 'the end that no use moves',
  UNIQUE KEY session_id (id),
  KEY session_account (account_id),
  KEY session_expiry (expires_at),
  CONSTRAINT session_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- One row a subject and purpose, so that there is one live code at most. A new code overwrites the old one; the count of
-- failures does not go with it.
CREATE TABLE IF NOT EXISTS verification (
  purpose            VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (purpose IN ('sign_up', 'phone', 'otp')),
  subject            VARBINARY(32) NOT NULL COMMENT 'an account''s id, or the keyed hash of a number that has no account',
  nonce              BINARY(16) NOT NULL COMMENT 'names one code; a try at an overwritten code finds another nonce',
  key_id             INT UNSIGNED NOT NULL COMMENT 'the key of the ring that made the MAC',
  mac                BINARY(32) NOT NULL COMMENT 'HMAC of the code and everything it is bound to; the code itself is nowhere',
  destination_sealed VARBINARY(96) NOT NULL,
  destination_hash   BINARY(32) NOT NULL,
  channel            VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  message_id         BINARY(16) NOT NULL,
  issued_at          DATETIME(6) NOT NULL,
  expires_at         DATETIME(6) NOT NULL,
  tries              TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'charged before a code is compared',
  used_at            DATETIME(6) NULL,
  failures           VARBINARY(2048) NOT NULL DEFAULT '' COMMENT 'times of the tries since the last success, over all codes of this row, as in limit_window',
  PRIMARY KEY (purpose, subject),
  KEY verification_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What a caller without an account holds after it has verified a number, to register with.
CREATE TABLE IF NOT EXISTS phone_proof (
  token_hash   BINARY(32) NOT NULL PRIMARY KEY,
  phone_sealed VARBINARY(96) NOT NULL,
  phone_hash   BINARY(32) NOT NULL,
  expires_at   DATETIME(6) NOT NULL,
  used_at      DATETIME(6) NULL,
  KEY phone_proof_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- A sliding window: the times of the last events under a key, newest first, eight bytes each. Whether one more is allowed
-- is decided by the n-th newest, in the same UPDATE that records it.
CREATE TABLE IF NOT EXISTS limit_window (
  id         BINARY(32) NOT NULL PRIMARY KEY COMMENT 'keyed hash of the limit''s name and what it limits',
  stamps     VARBINARY(2048) NOT NULL DEFAULT '' COMMENT 'microseconds since 1970, big-endian, so that bytes compare as times',
  pending    INT NOT NULL DEFAULT 0 COMMENT 'events since the newest stamp, where a stamp stands for several',
  expires_at DATETIME(6) NOT NULL COMMENT 'when the row says nothing any more',
  KEY limit_window_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Everything we send: the queue while it waits, its history afterwards.
CREATE TABLE IF NOT EXISTS message (
  id                 BINARY(16) NOT NULL PRIMARY KEY,
  kind               VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'code, phone_changed, …',
  channel            VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (channel IN ('sms', 'call', 'email')),
  lane               TINYINT NOT NULL COMMENT '0 codes, 1 security notices, 2 notifications',
  account_id         BINARY(16) NULL,
  destination_sealed VARBINARY(320) NOT NULL,
  destination_hash   BINARY(32) NOT NULL,
  country            CHAR(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
  payload_sealed     VARBINARY(8192) NULL COMMENT 'the text; wiped once nothing more will be sent',
  queue_lane         TINYINT NULL COMMENT 'the lane while there is something to do, else NULL',
  due_at             DATETIME(6) NOT NULL COMMENT 'when to do it; while a courier has it, when its lease ends',
  owner              BINARY(16) NULL COMMENT 'the claim that has it, or had it when its outcome was lost',
  is_reclaimed       TINYINT NOT NULL DEFAULT 0 COMMENT 'an earlier claim ended without an outcome: ask the provider before sending again',
  attempts           TINYINT UNSIGNED NOT NULL DEFAULT 0,
  provider           VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
  provider_sid       VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
  status             VARCHAR(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'queued'
                     CHECK (status IN ('queued', 'sending', 'unknown', 'sent', 'delivered', 'undelivered', 'failed', 'expired')),
  status_rank        TINYINT NOT NULL DEFAULT -1 COMMENT 'how far the provider has come; it only rises',
  error_code         VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL COMMENT 'the provider''s own',
  failure            VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL COMMENT 'our word for it',
  expires_at         DATETIME(6) NOT NULL COMMENT 'not sent after this',
  created_at         DATETIME(6) NOT NULL,
  sent_at            DATETIME(6) NULL,
  finished_at        DATETIME(6) NULL,
  UNIQUE KEY message_provider_sid (provider_sid),
  KEY message_queue (channel, queue_lane, due_at),
  KEY message_account (account_id, created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- A provider's callback about a message whose sid we have not stored yet; the courier looks here when it stores one.
CREATE TABLE IF NOT EXISTS early_callback (
  provider_sid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL PRIMARY KEY,
  status       VARCHAR(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  status_rank  TINYINT NOT NULL,
  error_code   VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
  received_at  DATETIME(6) NOT NULL,
  KEY early_callback_received (received_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What a person should look at.
CREATE TABLE IF NOT EXISTS alert (
  id          BINARY(16) NOT NULL PRIMARY KEY,
  kind        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  severity    VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  message_id  BINARY(16) NULL,
  detail      VARCHAR(255) NOT NULL DEFAULT '',
  created_at  DATETIME(6) NOT NULL,
  resolved_at DATETIME(6) NULL,
  UNIQUE KEY alert_message (kind, message_id),
  KEY alert_created (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Keys of the host's own backend.
CREATE TABLE IF NOT EXISTS service_key (
  id          BINARY(8) NOT NULL PRIMARY KEY COMMENT 'the middle part of csk_<id>_<secret>',
  secret_hash BINARY(32) NOT NULL,
  name        VARCHAR(100) NOT NULL DEFAULT '',
  scopes      VARCHAR(255) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'separated by commas',
  created_at  DATETIME(6) NOT NULL,
  revoked_at  DATETIME(6) NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The first answer to a request of the host's that carried an Idempotency-Key, for a day.
CREATE TABLE IF NOT EXISTS idempotent_answer (
  service_key_id BINARY(8) NOT NULL,
  key_hash       BINARY(32) NOT NULL,
  request_hash   BINARY(32) NOT NULL COMMENT 'route and body; the same key with another body is refused',
  status         SMALLINT NULL COMMENT 'NULL while the first request runs',
  body           VARBINARY(4096) NULL,
  begun_at       DATETIME(6) NOT NULL,
  expires_at     DATETIME(6) NOT NULL,
  PRIMARY KEY (service_key_id, key_hash),
  KEY idempotent_answer_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
