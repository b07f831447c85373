-- What the host tells account holders through us, what became of it, and what they want to hear of.

-- Something that happened to an account, told on each channel by a message of its own.
CREATE TABLE IF NOT EXISTS notification (
  id          BINARY(16) NOT NULL PRIMARY KEY,
  account_id  BINARY(16) NOT NULL,
  type        VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'payment_sent, payment_received, low_balance',
  data_sealed VARBINARY(2048) NOT NULL COMMENT 'amounts and names, sealed for this row',
  created_at  DATETIME(6) NOT NULL,
  KEY notification_account (account_id, id),
  CONSTRAINT notification_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- A channel on which nothing was sent, and why.
CREATE TABLE IF NOT EXISTS notification_skip (
  notification_id BINARY(16) NOT NULL,
  channel         VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (channel IN ('sms', 'email')),
  reason          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  PRIMARY KEY (notification_id, channel),
  CONSTRAINT notification_skip_fkey FOREIGN KEY (notification_id) REFERENCES notification (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- What an owner has switched off; everything else is on.
CREATE TABLE IF NOT EXISTS notification_preference (
  account_id BINARY(16) NOT NULL,
  type       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  channel    VARCHAR(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (channel IN ('sms', 'email')),
  PRIMARY KEY (account_id, type, channel),
  CONSTRAINT notification_preference_account_fkey FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

ALTER TABLE message
  ADD COLUMN IF NOT EXISTS notification_id BINARY(16) NULL COMMENT 'what it tells of' AFTER account_id,
  ADD KEY IF NOT EXISTS message_notification (notification_id);
