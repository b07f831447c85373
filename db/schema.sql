-- The schema as the migrations make it, kept true by a test. Read it; never apply it.

CREATE TABLE `account` (
  `id` binary(16) NOT NULL,
  `email` varchar(254) NOT NULL COMMENT 'as its owner writes it',
  `email_key` varbinary(254) NOT NULL COMMENT 'lower-case bytes; two accounts never share one',
  `external_id` varbinary(128) DEFAULT NULL COMMENT 'the host''s own id of this user',
  `password_sealed` varbinary(255) DEFAULT NULL COMMENT 'Argon2id in PHC form, sealed for this row; NULL when the host signs its users in',
  `name` varchar(100) DEFAULT NULL,
  `locale` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'en',
  `region` char(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'where national numbers are read',
  `currency` char(3) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'USD',
  `role` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'user' CHECK (`role` in ('user','support','security','admin')),
  `second_factor` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'the factor that a login asks for; NULL while none is on' CHECK (`second_factor` in ('sms','app')),
  `phone_sealed` varbinary(96) DEFAULT NULL COMMENT 'E.164, sealed for this row',
  `phone_hash` binary(32) DEFAULT NULL COMMENT 'keyed hash of the E.164 form, for look-ups',
  `phone_verified_at` datetime(6) DEFAULT NULL,
  `verified_phone_hash` binary(32) GENERATED ALWAYS AS (if(`phone_verified_at` is null,NULL,`phone_hash`)) STORED COMMENT 'a number is verified on one account at most',
  `cooling_off_until` datetime(6) DEFAULT NULL COMMENT 'large transfers wait until then after a phone or factor changed',
  `locked_at` datetime(6) DEFAULT NULL COMMENT 'since when nobody signs in with it',
  `created_at` datetime(6) NOT NULL,
  `name_key` varchar(100) GENERATED ALWAYS AS (lcase(`name`)) STORED COMMENT 'what a name is looked for by',
  PRIMARY KEY (`id`),
  UNIQUE KEY `account_email` (`email_key`),
  UNIQUE KEY `account_external_id` (`external_id`),
  UNIQUE KEY `account_verified_phone` (`verified_phone_hash`),
  KEY `account_name` (`name_key`),
  CONSTRAINT `CONSTRAINT_1` CHECK (`phone_hash` is null = (`phone_sealed` is null))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `account_count` (
  `shard` smallint(6) NOT NULL,
  `accounts` int(11) NOT NULL,
  `with_phone` int(11) NOT NULL,
  `verified` int(11) NOT NULL,
  `two_factor` int(11) NOT NULL,
  PRIMARY KEY (`shard`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `alert` (
  `id` binary(16) NOT NULL,
  `kind` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `severity` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`severity` in ('info','warning','critical')),
  `message_id` binary(16) DEFAULT NULL,
  `subject` varbinary(64) DEFAULT NULL,
  `detail` varchar(255) NOT NULL DEFAULT '',
  `times` int(10) unsigned NOT NULL DEFAULT 1 COMMENT 'how often it was raised while it is open',
  `created_at` datetime(6) NOT NULL,
  `last_at` datetime(6) DEFAULT NULL COMMENT 'when it was last raised, where that was more than once',
  `told_at` datetime(6) DEFAULT NULL COMMENT 'when the courier passed it on',
  `resolved_at` datetime(6) DEFAULT NULL,
  `resolved_by` binary(16) DEFAULT NULL COMMENT 'the administrator; NULL where what it is about has passed by itself',
  `resolution` varchar(500) DEFAULT NULL,
  `open_subject` varbinary(64) GENERATED ALWAYS AS (if(`resolved_at` is null,`subject`,NULL)) STORED,
  PRIMARY KEY (`id`),
  UNIQUE KEY `alert_message` (`kind`,`message_id`),
  UNIQUE KEY `alert_open` (`kind`,`open_subject`),
  KEY `alert_created` (`created_at`),
  KEY `alert_untold` (`told_at`,`created_at`),
  KEY `alert_resolved` (`resolved_at`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `approval` (
  `id` binary(16) NOT NULL,
  `act` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `target_id` binary(16) DEFAULT NULL COMMENT 'the account it is about',
  `body_sealed` mediumblob NOT NULL COMMENT 'what was asked for, sealed for this row',
  `reason` varchar(500) NOT NULL,
  `requested_by` binary(16) NOT NULL,
  `created_at` datetime(6) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  `decided_by` binary(16) DEFAULT NULL,
  `decided_at` datetime(6) DEFAULT NULL,
  `decision` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL CHECK (`decision` in ('approved','rejected')),
  PRIMARY KEY (`id`),
  KEY `approval_open` (`decided_at`,`expires_at`),
  CONSTRAINT `approval_second_person` CHECK (`decision` <> 'approved' or `decided_by` <> `requested_by`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `audit_entry` (
  `sequence` bigint(20) NOT NULL COMMENT 'without gaps' CHECK (`sequence` > 0),
  `at` datetime(6) NOT NULL,
  `event` varchar(40) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `severity` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`severity` in ('info','warning','critical')),
  `admin_id` binary(16) DEFAULT NULL COMMENT 'NULL for the operator at the machine',
  `admin_email` varchar(254) NOT NULL,
  `target_id` binary(16) DEFAULT NULL COMMENT 'the account it is about',
  `target_email` varchar(254) DEFAULT NULL,
  `description` varchar(255) NOT NULL,
  `metadata` text NOT NULL COMMENT 'JSON: the reason, and what was done to what',
  `address` varbinary(45) NOT NULL,
  `request_id` varchar(64) NOT NULL,
  `key_id` int(10) unsigned NOT NULL COMMENT 'the key of the ring that made the MAC',
  `previous` binary(32) NOT NULL COMMENT 'the MAC of the entry before',
  `mac` binary(32) NOT NULL COMMENT 'over all columns before it',
  PRIMARY KEY (`sequence`),
  KEY `audit_entry_target` (`target_id`,`sequence`),
  KEY `audit_entry_admin` (`admin_id`,`sequence`),
  KEY `audit_entry_event` (`event`,`sequence`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `audit_head` (
  `id` tinyint(4) NOT NULL,
  `sequence` bigint(20) NOT NULL,
  `mac` binary(32) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `authorization` (
  `token_hash` binary(32) NOT NULL,
  `account_id` binary(16) NOT NULL,
  `purpose` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `details_hash` binary(32) DEFAULT NULL,
  `method` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`method` in ('sms','app','backup')),
  `created_at` datetime(6) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  `ended_at` datetime(6) DEFAULT NULL COMMENT 'redeemed, or presented for something else',
  PRIMARY KEY (`token_hash`),
  KEY `authorization_account` (`account_id`),
  KEY `authorization_expiry` (`expires_at`),
  CONSTRAINT `authorization_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `backup_code` (
  `account_id` binary(16) NOT NULL,
  `hash` binary(32) NOT NULL COMMENT 'SHA-256 of the account''s id and the code',
  `used_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`account_id`,`hash`),
  CONSTRAINT `backup_code_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `challenge` (
  `token_hash` binary(32) NOT NULL COMMENT 'SHA-256 of the challengeId: who knows that may answer',
  `account_id` binary(16) NOT NULL,
  `purpose` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `method` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`method` in ('sms','app')),
  `begun_by` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`begun_by` in ('password','session','host')),
  `session_id` binary(16) DEFAULT NULL COMMENT 'the session that asked, which a login challenge raises',
  `details_sealed` varbinary(2048) DEFAULT NULL COMMENT 'amount, currency, payee, and reference, sealed for this row',
  `details_hash` binary(32) DEFAULT NULL COMMENT 'of their canonical form; NULL when there are none',
  `nonce` binary(16) NOT NULL COMMENT 'names what is tried; another code brings another',
  `code_key_id` int(10) unsigned DEFAULT NULL,
  `code_mac` binary(32) DEFAULT NULL COMMENT 'of the code and all it is bound to; NULL when no code is live',
  `code_destination_hash` binary(32) DEFAULT NULL,
  `code_message_id` binary(16) DEFAULT NULL,
  `code_issued_at` datetime(6) DEFAULT NULL,
  `code_expires_at` datetime(6) DEFAULT NULL,
  `live_code` varbinary(48) GENERATED ALWAYS AS (if(`code_mac` is null,NULL,concat(`account_id`,`purpose`))) STORED COMMENT 'one live code for an account and purpose',
  `tries` tinyint(3) unsigned NOT NULL DEFAULT 0 COMMENT 'charged before anything is compared',
  `created_at` datetime(6) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  `ended_at` datetime(6) DEFAULT NULL COMMENT 'when it was answered',
  PRIMARY KEY (`token_hash`),
  UNIQUE KEY `challenge_live_code` (`live_code`),
  KEY `challenge_account` (`account_id`),
  KEY `challenge_expiry` (`expires_at`),
  CONSTRAINT `challenge_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `destination_rule` (
  `kind` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`kind` in ('country','type','prefix','number')),
  `value` varbinary(32) NOT NULL COMMENT 'US, voip, +88213, or the keyed hash of a number',
  `value_sealed` varbinary(96) DEFAULT NULL COMMENT 'a number, sealed for this row, to be shown masked',
  `is_allowed` tinyint(1) NOT NULL COMMENT 'only a country can be allowed that the configuration does not',
  `note` varchar(200) NOT NULL DEFAULT '',
  `created_at` datetime(6) NOT NULL,
  PRIMARY KEY (`kind`,`value`),
  CONSTRAINT `CONSTRAINT_1` CHECK (`is_allowed` = 0 or `kind` = 'country')
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `device` (
  `id` binary(16) NOT NULL COMMENT 'its name towards its owner, and the first half of its token',
  `account_id` binary(16) NOT NULL,
  `secret_hash` binary(32) NOT NULL COMMENT 'SHA-256 of the newest second half',
  `user_agent` varchar(200) NOT NULL DEFAULT '',
  `address` varbinary(45) NOT NULL DEFAULT '',
  `created_at` datetime(6) NOT NULL,
  `last_used_at` datetime(6) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `device_account` (`account_id`),
  KEY `device_expiry` (`expires_at`),
  CONSTRAINT `device_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `early_callback` (
  `provider_sid` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `status` varchar(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `status_rank` tinyint(4) NOT NULL,
  `error_code` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `failure` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `price` bigint(20) DEFAULT NULL,
  `sender` varchar(48) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `received_at` datetime(6) NOT NULL,
  PRIMARY KEY (`provider_sid`),
  KEY `early_callback_received` (`received_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `factor` (
  `account_id` binary(16) NOT NULL,
  `kind` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`kind` in ('sms','app','backup')),
  `id` binary(16) NOT NULL COMMENT 'its name towards its owner; another with each binding',
  `secret_sealed` varbinary(96) DEFAULT NULL COMMENT 'TOTP secret, sealed for this account',
  `provider_sid` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'the provider that judges its codes knows it by this; NULL where we have the secret',
  `confirmed_at` datetime(6) DEFAULT NULL COMMENT 'since when it counts; NULL while it was never bound',
  `pending_id` binary(16) DEFAULT NULL,
  `pending_secret_sealed` varbinary(96) DEFAULT NULL COMMENT 'a secret that no code has confirmed yet; it opens nothing',
  `pending_provider_sid` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `pending_until` datetime(6) DEFAULT NULL,
  `last_step` bigint(20) NOT NULL DEFAULT 0 COMMENT 'the newest time step whose code was accepted (RFC 6238 section 5.2)',
  `drift` tinyint(4) NOT NULL DEFAULT 0 COMMENT 'steps that the owner''s clock was off at the last code',
  `used_codes` varbinary(160) NOT NULL DEFAULT '' COMMENT 'MACs of the last codes that a provider approved, newest first',
  `failures` varbinary(2048) NOT NULL DEFAULT '' COMMENT 'times of the tries since the last success, as in limit_window',
  `failures_in_row` smallint(5) unsigned NOT NULL DEFAULT 0 COMMENT 'charged before a code is compared',
  `owner_told_at` datetime(6) DEFAULT NULL COMMENT 'when the owner was last told that the hour''s tries are used up',
  `disabled_at` datetime(6) DEFAULT NULL COMMENT 'too many failures in a row; binding it again enables it',
  PRIMARY KEY (`account_id`,`kind`),
  CONSTRAINT `factor_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `familiar_client` (
  `account_id` binary(16) NOT NULL,
  `hash` binary(32) NOT NULL COMMENT 'of the user agent and the network',
  `last_seen_at` datetime(6) NOT NULL,
  PRIMARY KEY (`account_id`,`hash`),
  KEY `familiar_client_seen` (`last_seen_at`),
  CONSTRAINT `familiar_client_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `hosted_code` (
  `provider` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `destination_hash` binary(32) NOT NULL COMMENT 'keyed hash of the number',
  `message_id` binary(16) NOT NULL COMMENT 'the code that is sent by it',
  `sid` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'the provider''s id, once it has taken the code',
  `stale_sid` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'an earlier one, to be cancelled first',
  `starting_until` datetime(6) DEFAULT NULL COMMENT 'a start is under way, perhaps for an earlier code: none is begun beside it',
  `expires_at` datetime(6) NOT NULL,
  PRIMARY KEY (`provider`,`destination_hash`),
  UNIQUE KEY `hosted_code_message` (`message_id`),
  KEY `hosted_code_expiry` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `host_event` (
  `id` binary(16) NOT NULL COMMENT 'in the order of their making',
  `endpoint` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'host' COMMENT 'who is told: the host, or whoever watches alerts' CHECK (`endpoint` in ('host','alerts')),
  `type` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `subject` binary(16) NOT NULL COMMENT 'the message or account it is about: those of one are sent one after another',
  `body` varbinary(16000) NOT NULL COMMENT 'JSON, as it is signed and sent',
  `status` varchar(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'pending' CHECK (`status` in ('pending','delivered','dead')),
  `due_at` datetime(6) NOT NULL,
  `owner` binary(16) DEFAULT NULL,
  `attempts` smallint(5) unsigned NOT NULL DEFAULT 0,
  `last_answer` smallint(6) DEFAULT NULL COMMENT 'HTTP status; 0 when there was no answer',
  `created_at` datetime(6) NOT NULL,
  `finished_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `host_event_due` (`status`,`due_at`),
  KEY `host_event_subject` (`subject`,`status`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `idempotent_answer` (
  `service_key_id` binary(8) NOT NULL,
  `key_hash` binary(32) NOT NULL,
  `request_hash` binary(32) NOT NULL COMMENT 'route and body; the same key with another body is refused',
  `status` smallint(6) DEFAULT NULL COMMENT 'NULL while the first request runs',
  `body` mediumblob DEFAULT NULL COMMENT 'sealed for this row',
  `begun_at` datetime(6) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  PRIMARY KEY (`service_key_id`,`key_hash`),
  KEY `idempotent_answer_expiry` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `inbound_message` (
  `provider_sid` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `sender` varchar(48) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'which of ours it went to',
  `destination_hash` binary(32) NOT NULL COMMENT 'who wrote',
  `word` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'stop, start, help; NULL for anything else',
  `received_at` datetime(6) NOT NULL,
  PRIMARY KEY (`provider_sid`),
  KEY `inbound_message_person` (`destination_hash`,`received_at`),
  KEY `inbound_message_received` (`received_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `limit_setting` (
  `name` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'as the abuse rules call it',
  `value` int(11) NOT NULL,
  `updated_at` datetime(6) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `limit_window` (
  `id` binary(32) NOT NULL COMMENT 'keyed hash of the limit''s name and what it limits',
  `stamps` varbinary(2056) NOT NULL DEFAULT '' COMMENT 'microseconds since 1970, big-endian, so that bytes compare as times',
  `pending` int(11) NOT NULL DEFAULT 0 COMMENT 'events since the newest stamp, where a stamp stands for several',
  `expires_at` datetime(6) NOT NULL COMMENT 'when the row says nothing any more',
  PRIMARY KEY (`id`),
  KEY `limit_window_expiry` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `message` (
  `id` binary(16) NOT NULL,
  `kind` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'code, phone_changed, …',
  `channel` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`channel` in ('sms','call','email')),
  `lane` tinyint(4) NOT NULL COMMENT '0 codes, 1 security notices, 2 notifications',
  `account_id` binary(16) DEFAULT NULL,
  `notification_id` binary(16) DEFAULT NULL COMMENT 'what it tells of',
  `destination_sealed` varbinary(320) NOT NULL,
  `destination_hash` binary(32) NOT NULL,
  `destination_ending` binary(4) NOT NULL DEFAULT '\0\0\0\0' COMMENT 'keyed hash of a number''s last four digits',
  `country` char(2) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `segments` tinyint(3) unsigned DEFAULT NULL COMMENT 'of a text message',
  `price` bigint(20) DEFAULT NULL COMMENT 'in millionths of a US dollar',
  `is_price_known` tinyint(4) NOT NULL DEFAULT 0 COMMENT 'the provider said so; else it is what we expect',
  `payload_sealed` varbinary(8192) DEFAULT NULL COMMENT 'the text; wiped once nothing more will be sent',
  `fallback_sealed` varbinary(2048) DEFAULT NULL COMMENT 'what is said on the phone when a receipt says that the text failed; wiped with the code',
  `queue_lane` tinyint(4) DEFAULT NULL COMMENT 'the lane while it waits to be sent, 3 while its receipt is waited for, else NULL',
  `due_at` datetime(6) NOT NULL COMMENT 'when to do it; while a courier has it, when its lease ends',
  `owner` binary(16) DEFAULT NULL COMMENT 'the claim that has it, or had it when its outcome was lost',
  `is_reclaimed` tinyint(4) NOT NULL DEFAULT 0 COMMENT 'an earlier claim ended without an outcome: ask the provider before sending again',
  `attempts` tinyint(3) unsigned NOT NULL DEFAULT 0,
  `carrier` tinyint(3) unsigned NOT NULL DEFAULT 0 COMMENT 'which of the message''s providers is next, or was last',
  `provider` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `provider_sid` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `status` varchar(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'queued' CHECK (`status` in ('queued','sending','unknown','sent','delivered','undelivered','failed','expired')),
  `status_rank` tinyint(4) NOT NULL DEFAULT -1 COMMENT 'how far the provider has come; it only rises',
  `error_code` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'the provider''s own',
  `failure` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'our word for it',
  `expires_at` datetime(6) NOT NULL COMMENT 'not sent after this',
  `created_at` datetime(6) NOT NULL,
  `sent_at` datetime(6) DEFAULT NULL,
  `finished_at` datetime(6) DEFAULT NULL,
  `used_at` datetime(6) DEFAULT NULL COMMENT 'when the code in it was used',
  `trouble` varchar(12) CHARACTER SET ascii COLLATE ascii_nopad_bin GENERATED ALWAYS AS (if(`status` in ('failed','undelivered','expired','unknown'),`status`,NULL)) STORED COMMENT 'the states that few messages have',
  PRIMARY KEY (`id`),
  UNIQUE KEY `message_provider_sid` (`provider_sid`),
  KEY `message_queue` (`channel`,`queue_lane`,`due_at`),
  KEY `message_notification` (`notification_id`),
  KEY `message_of_account` (`account_id`),
  KEY `message_destination` (`destination_ending`,`destination_hash`(4)),
  KEY `message_kind` (`kind`),
  KEY `message_country` (`country`),
  KEY `message_trouble` (`trouble`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `message_count` (
  `span` varchar(6) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`span` in ('ever','day','hour','minute')),
  `start` int(11) NOT NULL COMMENT 'minutes since 1970; 0 for ever',
  `kind` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `channel` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `country` varchar(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `provider` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `status` varchar(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `messages` int(11) NOT NULL,
  `used` int(11) NOT NULL,
  `price` bigint(20) NOT NULL,
  PRIMARY KEY (`span`,`start`,`kind`,`channel`,`country`,`provider`,`status`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `message_move` (
  `shard` smallint(6) NOT NULL,
  `minute` int(11) NOT NULL COMMENT 'since 1970, of the messages'' making',
  `kind` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `channel` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `country` varchar(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `old_provider` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `old_status` varchar(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'empty for messages that were made',
  `new_provider` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `new_status` varchar(12) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `messages` int(11) NOT NULL,
  `old_used` int(11) NOT NULL COMMENT 'of those, with a code that was used before the move',
  `new_used` int(11) NOT NULL,
  `old_price` bigint(20) NOT NULL COMMENT 'of all of them, in millionths of a US dollar',
  `new_price` bigint(20) NOT NULL,
  PRIMARY KEY (`shard`,`minute`,`kind`,`channel`,`country`,`old_provider`,`old_status`,`new_provider`,`new_status`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `notification` (
  `id` binary(16) NOT NULL,
  `account_id` binary(16) NOT NULL,
  `type` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'payment_sent, low_balance, new_login, …',
  `data_sealed` varbinary(2048) NOT NULL COMMENT 'amounts and names, sealed for this row',
  `created_at` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `notification_account` (`account_id`,`id`),
  CONSTRAINT `notification_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `notification_preference` (
  `account_id` binary(16) NOT NULL,
  `type` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `channel` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`channel` in ('sms','email')),
  PRIMARY KEY (`account_id`,`type`,`channel`),
  CONSTRAINT `notification_preference_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `notification_setting` (
  `account_id` binary(16) NOT NULL,
  `quiet_from` smallint(6) DEFAULT NULL COMMENT 'minutes after midnight in its time zone; NULL for no quiet hours',
  `quiet_until` smallint(6) DEFAULT NULL,
  `time_zone` varchar(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL DEFAULT 'UTC' COMMENT 'a name of the IANA database',
  `threshold` bigint(20) DEFAULT NULL COMMENT 'in minor units; NULL to take what the host says',
  `currency` char(3) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  PRIMARY KEY (`account_id`),
  CONSTRAINT `notification_setting_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `notification_skip` (
  `notification_id` binary(16) NOT NULL,
  `channel` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`channel` in ('sms','email')),
  `reason` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  PRIMARY KEY (`notification_id`,`channel`),
  CONSTRAINT `notification_skip_fkey` FOREIGN KEY (`notification_id`) REFERENCES `notification` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `phone_proof` (
  `token_hash` binary(32) NOT NULL,
  `phone_sealed` varbinary(96) NOT NULL,
  `phone_hash` binary(32) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  `used_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`token_hash`),
  KEY `phone_proof_expiry` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `price` (
  `country` char(2) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `channel` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`channel` in ('sms','call')),
  `source` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`source` in ('operator','provider')),
  `amount` int(10) unsigned NOT NULL COMMENT 'in millionths of a US dollar, for a segment or a call',
  `updated_at` datetime(6) NOT NULL,
  PRIMARY KEY (`country`,`channel`,`source`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `provider_health` (
  `provider` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `state` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`state` in ('closed','open','half')),
  `changed_at` datetime(6) NOT NULL,
  `answers` int(11) NOT NULL COMMENT 'of the last minute',
  `failures` int(11) NOT NULL COMMENT 'of those',
  `milliseconds` int(11) NOT NULL COMMENT 'what an answer of the last minute took, on average',
  `last_failure` varchar(32) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL,
  `last_failure_at` datetime(6) DEFAULT NULL,
  `seen_at` datetime(6) NOT NULL,
  PRIMARY KEY (`provider`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `schema_lock` (
  `id` tinyint(4) NOT NULL,
  `holder` binary(16) DEFAULT NULL,
  `expires_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `schema_migration` (
  `version` int(11) NOT NULL,
  `name` varchar(100) NOT NULL,
  `checksum` binary(32) NOT NULL COMMENT 'SHA-256 of the file as it was applied',
  `applied_at` datetime(6) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `service_key` (
  `id` binary(8) NOT NULL COMMENT 'the middle part of csk_<id>_<secret>',
  `secret_hash` binary(32) NOT NULL,
  `name` varchar(100) NOT NULL DEFAULT '',
  `scopes` varchar(255) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'separated by commas',
  `created_at` datetime(6) NOT NULL,
  `revoked_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `session` (
  `token_hash` binary(32) NOT NULL COMMENT 'SHA-256 of the token; every request looks a session up by it',
  `id` binary(16) NOT NULL COMMENT 'its name towards its owner',
  `account_id` binary(16) NOT NULL,
  `aal` tinyint(4) NOT NULL COMMENT 'authenticator assurance level: 1 after a password, 2 after a second factor',
  `factor` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin DEFAULT NULL COMMENT 'the one that raised it to level 2' CHECK (`factor` in ('sms','app','backup')),
  `factor_at` datetime(6) DEFAULT NULL COMMENT 'when a second factor was last proven in it',
  `user_agent` varchar(200) NOT NULL DEFAULT '',
  `address` varbinary(45) NOT NULL DEFAULT '',
  `created_at` datetime(6) NOT NULL,
  `last_seen_at` datetime(6) NOT NULL COMMENT 'moved on at most once a minute',
  `expires_at` datetime(6) NOT NULL COMMENT 'the end that no use moves',
  PRIMARY KEY (`token_hash`),
  UNIQUE KEY `session_id` (`id`),
  KEY `session_account` (`account_id`),
  KEY `session_expiry` (`expires_at`),
  CONSTRAINT `session_account_fkey` FOREIGN KEY (`account_id`) REFERENCES `account` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `suppression` (
  `destination_hash` binary(32) NOT NULL COMMENT 'keyed hash of the number or address',
  `sender` varchar(48) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'the number or service of ours; * for all mail',
  `reason` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `created_at` datetime(6) NOT NULL,
  PRIMARY KEY (`destination_hash`,`sender`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `traffic` (
  `scope` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT '* for everything, US, or +1415555',
  `hour` int(11) NOT NULL COMMENT 'hours since 1970 of the newest count',
  `hour_sent` int(11) NOT NULL COMMENT 'in that hour',
  `previous_hour_sent` int(11) NOT NULL DEFAULT 0,
  `day` int(11) NOT NULL COMMENT 'days since 1970, in UTC',
  `day_sent` int(11) NOT NULL,
  `day_cost` bigint(20) NOT NULL COMMENT 'in millionths of a US dollar',
  `span` int(11) NOT NULL COMMENT 'five minutes since 1970; what follows are codes to numbers that nobody had proven',
  `span_sent` int(11) NOT NULL COMMENT 'sent in that span',
  `span_used` int(11) NOT NULL DEFAULT 0 COMMENT 'of those sent in that span',
  `previous_sent` int(11) NOT NULL DEFAULT 0,
  `previous_used` int(11) NOT NULL DEFAULT 0,
  `older_sent` bigint(20) NOT NULL DEFAULT 0 COMMENT 'of the spans before, in thousandths, a hundredth less with each',
  `older_used` bigint(20) NOT NULL DEFAULT 0,
  `last_sent_at` datetime(6) DEFAULT NULL,
  `previous_sent_at` datetime(6) DEFAULT NULL COMMENT 'the one before the last, which the last had to wait for',
  `stopped_until` datetime(6) DEFAULT NULL COMMENT 'no code goes to an unproven number before',
  `stops` tinyint(3) unsigned NOT NULL DEFAULT 0 COMMENT 'stops since a day without any; each lasts twice as long',
  PRIMARY KEY (`scope`),
  KEY `traffic_day` (`day`),
  KEY `traffic_stopped` (`stopped_until`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `verification` (
  `purpose` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL CHECK (`purpose` in ('sign_up','phone','otp','reset','reset_mail')),
  `subject` varbinary(32) NOT NULL COMMENT 'an account''s id, or the keyed hash of a number that has no account',
  `nonce` binary(16) NOT NULL COMMENT 'names one code; a try at an overwritten code finds another nonce',
  `key_id` int(10) unsigned NOT NULL COMMENT 'the key of the ring that made the MAC',
  `mac` binary(32) NOT NULL COMMENT 'HMAC of the code and everything it is bound to; the code itself is nowhere',
  `destination_sealed` varbinary(96) NOT NULL,
  `destination_hash` binary(32) NOT NULL,
  `channel` varchar(8) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `message_id` binary(16) NOT NULL,
  `issued_at` datetime(6) NOT NULL,
  `expires_at` datetime(6) NOT NULL,
  `tries` tinyint(3) unsigned NOT NULL DEFAULT 0 COMMENT 'charged before a code is compared',
  `used_at` datetime(6) DEFAULT NULL,
  `failures` varbinary(2048) NOT NULL DEFAULT '' COMMENT 'times of the tries since the last success, over all codes of this row, as in limit_window',
  PRIMARY KEY (`purpose`,`subject`),
  KEY `verification_expiry` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `webhook_event` (
  `provider` varchar(16) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
  `event_id` varbinary(100) NOT NULL,
  `received_at` datetime(6) NOT NULL,
  PRIMARY KEY (`provider`,`event_id`),
  KEY `webhook_event_received` (`received_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TRIGGER `account_changed` AFTER UPDATE ON `account` FOR EACH ROW
BEGIN
  IF (OLD.phone_hash IS NULL) <> (NEW.phone_hash IS NULL) OR (OLD.phone_verified_at IS NULL) <> (NEW.phone_verified_at IS NULL)
     OR (OLD.second_factor IS NULL) <> (NEW.second_factor IS NULL) THEN
    INSERT INTO account_count (shard, accounts, with_phone, verified, two_factor)
    VALUES (CONNECTION_ID() MOD 251, 0, (NEW.phone_hash IS NOT NULL) - (OLD.phone_hash IS NOT NULL),
            (NEW.phone_verified_at IS NOT NULL) - (OLD.phone_verified_at IS NOT NULL), (NEW.second_factor IS NOT NULL) - (OLD.second_factor IS NOT NULL))
        ON DUPLICATE KEY UPDATE with_phone = with_phone + VALUES(with_phone), verified = verified + VALUES(verified),
                                two_factor = two_factor + VALUES(two_factor);
  END IF;
END;

CREATE TRIGGER `account_made` AFTER INSERT ON `account` FOR EACH ROW
BEGIN
  IF @countersign_counts_later IS NULL THEN
    INSERT INTO account_count (shard, accounts, with_phone, verified, two_factor)
    VALUES (CONNECTION_ID() MOD 251, 1, NEW.phone_hash IS NOT NULL, NEW.phone_verified_at IS NOT NULL, NEW.second_factor IS NOT NULL)
        ON DUPLICATE KEY UPDATE accounts = accounts + 1, with_phone = with_phone + VALUES(with_phone),
                                verified = verified + VALUES(verified), two_factor = two_factor + VALUES(two_factor);
  END IF;
END;

CREATE TRIGGER `account_removed` AFTER DELETE ON `account` FOR EACH ROW
BEGIN
  INSERT INTO account_count (shard, accounts, with_phone, verified, two_factor)
  VALUES (CONNECTION_ID() MOD 251, -1, -(OLD.phone_hash IS NOT NULL), -(OLD.phone_verified_at IS NOT NULL), -(OLD.second_factor IS NOT NULL))
      ON DUPLICATE KEY UPDATE accounts = accounts - 1, with_phone = with_phone + VALUES(with_phone),
                              verified = verified + VALUES(verified), two_factor = two_factor + VALUES(two_factor);
END;

CREATE TRIGGER `message_made` AFTER INSERT ON `message` FOR EACH ROW
BEGIN
  IF @countersign_counts_later IS NULL THEN
    INSERT INTO message_move
    VALUES (CONNECTION_ID() MOD 251, TIMESTAMPDIFF(MINUTE, '1970-01-01', NEW.created_at), NEW.kind, NEW.channel, COALESCE(NEW.country, ''), '', '',
            COALESCE(NEW.provider, ''), IF(NEW.status = 'sending', 'queued', NEW.status), 1, 0, NEW.used_at IS NOT NULL, 0, COALESCE(NEW.price, 0))
        ON DUPLICATE KEY UPDATE messages = messages + 1, new_used = new_used + VALUES(new_used), new_price = new_price + VALUES(new_price);
  END IF;
END;

CREATE TRIGGER `message_moved` AFTER UPDATE ON `message` FOR EACH ROW
BEGIN
  IF IF(OLD.status = 'sending', 'queued', OLD.status) <> IF(NEW.status = 'sending', 'queued', NEW.status)
     OR NOT OLD.provider <=> NEW.provider OR NOT OLD.price <=> NEW.price OR (OLD.used_at IS NULL) <> (NEW.used_at IS NULL) THEN
    INSERT INTO message_move
    VALUES (CONNECTION_ID() MOD 251, TIMESTAMPDIFF(MINUTE, '1970-01-01', OLD.created_at), OLD.kind, OLD.channel, COALESCE(OLD.country, ''),
            COALESCE(OLD.provider, ''), IF(OLD.status = 'sending', 'queued', OLD.status),
            COALESCE(NEW.provider, ''), IF(NEW.status = 'sending', 'queued', NEW.status),
            1, OLD.used_at IS NOT NULL, NEW.used_at IS NOT NULL, COALESCE(OLD.price, 0), COALESCE(NEW.price, 0))
        ON DUPLICATE KEY UPDATE messages = messages + 1, old_used = old_used + VALUES(old_used), new_used = new_used + VALUES(new_used),
                                old_price = old_price + VALUES(old_price), new_price = new_price + VALUES(new_price);
  END IF;
END;

