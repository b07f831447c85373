-- Codes that a provider makes and keeps, apps that a provider judges, and how providers fare.

-- The one code that a provider has alive for a number, as it sees it too: a provider that keeps codes knows no purposes. Who
-- answers the message's code is judged by the provider while there is a row with an id, and here otherwise.
CREATE TABLE IF NOT EXISTS hosted_code (
  provider         VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  destination_hash BINARY(32) NOT NULL COMMENT 'keyed hash of the number',
  message_id       BINARY(16) NOT NULL COMMENT 'the code that is sent by it',
  sid              VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL COMMENT 'the provider''s id, once it has taken the code',
  stale_sid        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL COMMENT 'an earlier one, to be cancelled first',
  starting_until   DATETIME(6) NULL COMMENT 'a start is under way, perhaps for an earlier code: none is begun beside it',
  expires_at       DATETIME(6) NOT NULL,
  PRIMARY KEY (provider, destination_hash),
  UNIQUE KEY hosted_code_message (message_id),
  KEY hosted_code_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- An app whose secret a provider has: codes are judged there, and used up here.
ALTER TABLE factor
  ADD COLUMN IF NOT EXISTS provider_sid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL COMMENT 'the provider that judges its codes knows it by this; NULL where we have the secret' AFTER secret_sealed,
  ADD COLUMN IF NOT EXISTS pending_provider_sid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL AFTER pending_secret_sealed,
  ADD COLUMN IF NOT EXISTS used_codes VARBINARY(160) NOT NULL DEFAULT '' COMMENT 'MACs of the last codes that a provider approved, newest first' AFTER drift;

-- How each provider fares, as the courier last saw it.
CREATE TABLE IF NOT EXISTS provider_health (
  provider     VARCHAR(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL PRIMARY KEY,
  state        VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (state IN ('closed', 'open', 'half')),
  changed_at   DATETIME(6) NOT NULL,
  answers      INT NOT NULL COMMENT 'of the last minute',
  failures     INT NOT NULL COMMENT 'of those',
  milliseconds INT NOT NULL COMMENT 'what an answer of the last minute took, on average',
  last_failure VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NULL,
  last_failure_at DATETIME(6) NULL,
  seen_at      DATETIME(6) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

ALTER TABLE message
  MODIFY COLUMN carrier TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'which of the message''s providers is next, or was last';
