-- Second factors: what an account has bound, challenges and what answering one gives, remembered devices.

ALTER TABLE account
  ADD COLUMN IF NOT EXISTS second_factor VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL
    COMMENT 'the factor that a login asks for; NULL while none is on' CHECK (second_factor IN ('sms', 'app')) AFTER role;

ALTER TABLE session
  ADD COLUMN IF NOT EXISTS factor_at DATETIME(6) NULL COMMENT 'when a second factor was last proven in it' AFTER aal;

-- What an alert is about, where that is no message; one alert a kind and subject.
ALTER TABLE alert
  ADD COLUMN IF NOT EXISTS subject VARBINARY(64) NULL AFTER message_id,
  ADD UNIQUE KEY IF NOT EXISTS alert_subject (kind, subject);

-- Sealed from now on, and so longer; the answers of a day are dropped, since they are not.
ALTER TABLE idempotent_answer
  MODIFY COLUMN body VARBINARY(4096) NULL COMMENT 'sealed for this row';
DELETE FROM idempotent_answer;

-- One row a factor, also while it is being bound. Its counters outlive challenges and sessions; only a success of this
-- factor resets them.
CREATE TABLE IF NOT EXISTS factor (
  account_id            BINARY(16) NOT NULL,
  kind                  VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (kind IN ('sms', 'app', 'backup')),
  id                    BINARY(16) NOT NULL COMMENT 'its name towards its owner; another with each binding',
  secret_sealed         VARBINARY(96) NULL COMMENT 'TOTP secret, sealed for this account',
  confirmed_at          DATETIME(6) NULL COMMENT 'since when it counts; NULL while it was never bound',
  pending_id            BINARY(16) NULL,
  pending_secret_sealed VARBINARY(96) NULL COMMENT 'a secret that no code has confirmed yet; it opens nothing',
  pending_until         DATETIME(6) NULL,
  last_step             BIGINT NOT NULL DEFAULT 0 COMMENT 'the newest time step whose code was accepted (RFC 6238 section 5.2)',
  drift                 TINYINT NOT NULL DEFAULT 0 COMMENT 'steps that the owner''s clock was off at the last code',
  failures              VARBINARY(2048) NOT NULL DEFAULT '' COMMENT 'times of the tries since the last success, as in limit_window',
  failures_in_row       SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'charged before a code is compared',
  owner_told_at         DATETIME(6) NULL COMMENT 'when the owner was last told that the hour''s tries are used up',
  disabled_at           DATETIME(6) NULL COMMENT 'too many failures in a row; binding it again enables it',
  PRIMARY KEY (account_id, kind),
  CONSTRAINT factor_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- A code of 120 random bits cannot be tried out, so a plain hash keeps it (NIST SP 800-63B section 3.1.2.2).
CREATE TABLE IF NOT EXISTS backup_code (
  account_id BINARY(16) NOT NULL,
  hash       BINARY(32) NOT NULL COMMENT 'SHA-256 of the account''s id and the code',
  used_at    DATETIME(6) NULL,
  PRIMARY KEY (account_id, hash),
  CONSTRAINT backup_code_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS challenge (
  token_hash            BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of the challengeId: who knows that may answer',
  account_id            BINARY(16) NOT NULL,
  purpose               VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  method                VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (method IN ('sms', 'app')),
  begun_by              VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (begun_by IN ('password', 'session', 'host')),
  session_id            BINARY(16) NULL COMMENT 'the session that asked, which a login challenge raises',
  details_sealed        VARBINARY(2048) NULL COMMENT 'amount, currency, payee, and reference, sealed for this row',
  details_hash          BINARY(32) NULL COMMENT 'of their canonical form; NULL when there are none',
  nonce                 BINARY(16) NOT NULL COMMENT 'names what is tried; another code brings another',
  code_key_id           INT UNSIGNED NULL,
  code_mac              BINARY(32) NULL COMMENT 'of the code and all it is bound to; NULL when no code is live',
  code_destination_hash BINARY(32) NULL,
  code_message_id       BINARY(16) NULL,
  code_issued_at        DATETIME(6) NULL,
  code_expires_at       DATETIME(6) NULL,
  live_code             VARBINARY(48) AS (IF(code_mac IS NULL, NULL, CONCAT(account_id, purpose))) PERSISTENT
                        COMMENT 'one live code for an account and purpose',
  tries                 TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'charged before anything is compared',
  created_at            DATETIME(6) NOT NULL,
  expires_at            DATETIME(6) NOT NULL,
  ended_at              DATETIME(6) NULL COMMENT 'when it was answered',
  UNIQUE KEY challenge_live_code (live_code),
  KEY challenge_account (account_id),
  KEY challenge_expiry (expires_at),
  CONSTRAINT challenge_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What answering a challenge gives: one act, for one purpose, with the details that were confirmed.
CREATE TABLE IF NOT EXISTS authorization (
  token_hash   BINARY(32) NOT NULL PRIMARY KEY,
  account_id   BINARY(16) NOT NULL,
  purpose      VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  details_hash BINARY(32) NULL,
  method       VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (method IN ('sms', 'app', 'backup')),
  created_at   DATETIME(6) NOT NULL,
  expires_at   DATETIME(6) NOT NULL,
  ended_at     DATETIME(6) NULL COMMENT 'redeemed, or presented for something else',
  KEY authorization_account (account_id),
  KEY authorization_expiry (expires_at),
  CONSTRAINT authorization_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The secret changes with each use; the row is the family of all its values.
CREATE TABLE IF NOT EXISTS device (
  id           BINARY(16) NOT NULL PRIMARY KEY COMMENT 'its name towards its owner, and the first half of its token',
  account_id   BINARY(16) NOT NULL,
  secret_hash  BINARY(32) NOT NULL COMMENT 'SHA-256 of the newest second half',
  user_agent   VARCHAR(200) NOT NULL DEFAULT '',
  address      VARBINARY(45) NOT NULL DEFAULT '',
  created_at   DATETIME(6) NOT NULL,
  last_used_at DATETIME(6) NOT NULL,
  expires_at   DATETIME(6) NOT NULL,
  KEY device_account (account_id),
  KEY device_expiry (expires_at),
  CONSTRAINT device_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- From where an account has signed in before, so that its owner is told of somewhere new.
CREATE TABLE IF NOT EXISTS familiar_client (
  account_id   BINARY(16) NOT NULL,
  hash         BINARY(32) NOT NULL COMMENT 'of the user agent and the network',
  last_seen_at DATETIME(6) NOT NULL,
  PRIMARY KEY (account_id, hash),
  KEY familiar_client_seen (last_seen_at),
  CONSTRAINT familiar_client_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
