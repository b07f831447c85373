-- What each program may do in the database, one user a program. The users are made beforehand, with passwords of their own:
--
--   CREATE USER 'countersign_accounts'@'localhost' IDENTIFIED BY '…';
--
-- Nobody but countersign_ctl may change the schema, and make administrators, and only accounts and two-factor, which
-- ask for it, may read a password's hash; password-reset may write one.

GRANT ALL PRIVILEGES ON countersign.* TO 'countersign_ctl'@'localhost';

GRANT SELECT,
      INSERT (id, email, email_key, external_id, password_sealed, name, locale, region, currency, created_at),
      UPDATE (email, email_key, password_sealed, name, locale, region, currency, second_factor, phone_sealed, phone_hash,
              phone_verified_at, cooling_off_until)
   ON countersign.account TO 'countersign_accounts'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.session TO 'countersign_accounts'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.verification TO 'countersign_accounts'@'localhost';
GRANT SELECT, UPDATE ON countersign.phone_proof TO 'countersign_accounts'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.limit_window TO 'countersign_accounts'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.traffic TO 'countersign_accounts'@'localhost';
GRANT SELECT ON countersign.destination_rule TO 'countersign_accounts'@'localhost';
GRANT SELECT ON countersign.limit_setting TO 'countersign_accounts'@'localhost';
GRANT SELECT ON countersign.price TO 'countersign_accounts'@'localhost';
GRANT SELECT, INSERT ON countersign.message TO 'countersign_accounts'@'localhost';
GRANT SELECT ON countersign.suppression TO 'countersign_accounts'@'localhost';
GRANT INSERT ON countersign.host_event TO 'countersign_accounts'@'localhost';
GRANT SELECT ON countersign.service_key TO 'countersign_accounts'@'localhost';
GRANT SELECT, DELETE ON countersign.factor TO 'countersign_accounts'@'localhost';
GRANT SELECT, DELETE ON countersign.backup_code TO 'countersign_accounts'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.challenge TO 'countersign_accounts'@'localhost';
GRANT SELECT, UPDATE, DELETE ON countersign.authorization TO 'countersign_accounts'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.device TO 'countersign_accounts'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.familiar_client TO 'countersign_accounts'@'localhost';
GRANT SELECT (kind, open_subject, times), INSERT, UPDATE (times, last_at) ON countersign.alert TO 'countersign_accounts'@'localhost';
GRANT SELECT ON countersign.provider_health TO 'countersign_accounts'@'localhost';
GRANT SELECT, UPDATE, DELETE ON countersign.hosted_code TO 'countersign_accounts'@'localhost';
GRANT UPDATE (status, status_rank, finished_at, queue_lane, payload_sealed, fallback_sealed, used_at) ON countersign.message TO 'countersign_accounts'@'localhost';

GRANT SELECT (id, email, name, locale, region, currency, role, second_factor, phone_sealed, phone_hash, phone_verified_at,
              verified_phone_hash, cooling_off_until, locked_at, created_at),
      UPDATE (phone_sealed, phone_hash, phone_verified_at, cooling_off_until)
   ON countersign.account TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, UPDATE (last_seen_at) ON countersign.session TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.verification TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, INSERT ON countersign.phone_proof TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.limit_window TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.traffic TO 'countersign_verify_phone'@'localhost';
GRANT SELECT ON countersign.destination_rule TO 'countersign_verify_phone'@'localhost';
GRANT SELECT ON countersign.limit_setting TO 'countersign_verify_phone'@'localhost';
GRANT SELECT ON countersign.price TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, INSERT ON countersign.message TO 'countersign_verify_phone'@'localhost';
GRANT SELECT ON countersign.suppression TO 'countersign_verify_phone'@'localhost';
GRANT INSERT ON countersign.host_event TO 'countersign_verify_phone'@'localhost';
GRANT SELECT ON countersign.service_key TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.idempotent_answer TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, DELETE ON countersign.challenge TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, UPDATE, DELETE ON countersign.authorization TO 'countersign_verify_phone'@'localhost';
GRANT SELECT (kind, open_subject, times), INSERT, UPDATE (times, last_at) ON countersign.alert TO 'countersign_verify_phone'@'localhost';
GRANT SELECT ON countersign.provider_health TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, UPDATE, DELETE ON countersign.hosted_code TO 'countersign_verify_phone'@'localhost';
GRANT UPDATE (status, status_rank, finished_at, queue_lane, payload_sealed, fallback_sealed, used_at) ON countersign.message TO 'countersign_verify_phone'@'localhost';
GRANT SELECT, DELETE ON countersign.device TO 'countersign_verify_phone'@'localhost';

GRANT SELECT, UPDATE (second_factor, cooling_off_until) ON countersign.account TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.session TO 'countersign_two_factor'@'localhost';
GRANT SELECT, DELETE ON countersign.verification TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.limit_window TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.traffic TO 'countersign_two_factor'@'localhost';
GRANT SELECT ON countersign.destination_rule TO 'countersign_two_factor'@'localhost';
GRANT SELECT ON countersign.limit_setting TO 'countersign_two_factor'@'localhost';
GRANT SELECT ON countersign.price TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT ON countersign.message TO 'countersign_two_factor'@'localhost';
GRANT SELECT ON countersign.suppression TO 'countersign_two_factor'@'localhost';
GRANT INSERT ON countersign.host_event TO 'countersign_two_factor'@'localhost';
GRANT SELECT ON countersign.service_key TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.idempotent_answer TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.factor TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.backup_code TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.challenge TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.authorization TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.device TO 'countersign_two_factor'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.familiar_client TO 'countersign_two_factor'@'localhost';
GRANT SELECT (kind, open_subject, times), INSERT, UPDATE (times, last_at) ON countersign.alert TO 'countersign_two_factor'@'localhost';
GRANT SELECT ON countersign.provider_health TO 'countersign_two_factor'@'localhost';
GRANT SELECT, UPDATE, DELETE ON countersign.hosted_code TO 'countersign_two_factor'@'localhost';
GRANT UPDATE (status, status_rank, finished_at, queue_lane, payload_sealed, fallback_sealed, used_at) ON countersign.message TO 'countersign_two_factor'@'localhost';

GRANT SELECT (id, email, name, locale, region, currency, role, second_factor, phone_sealed, phone_hash, phone_verified_at,
              verified_phone_hash, cooling_off_until, locked_at, created_at),
      UPDATE (password_sealed, cooling_off_until)
   ON countersign.account TO 'countersign_password_reset'@'localhost';
GRANT SELECT (account_id), DELETE ON countersign.session TO 'countersign_password_reset'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.verification TO 'countersign_password_reset'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.limit_window TO 'countersign_password_reset'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.traffic TO 'countersign_password_reset'@'localhost';
GRANT SELECT ON countersign.destination_rule TO 'countersign_password_reset'@'localhost';
GRANT SELECT ON countersign.limit_setting TO 'countersign_password_reset'@'localhost';
GRANT SELECT ON countersign.price TO 'countersign_password_reset'@'localhost';
GRANT SELECT, INSERT, UPDATE (used_at) ON countersign.message TO 'countersign_password_reset'@'localhost';
GRANT SELECT ON countersign.suppression TO 'countersign_password_reset'@'localhost';
GRANT INSERT ON countersign.host_event TO 'countersign_password_reset'@'localhost';
GRANT SELECT, UPDATE ON countersign.factor TO 'countersign_password_reset'@'localhost';
GRANT SELECT, UPDATE ON countersign.backup_code TO 'countersign_password_reset'@'localhost';
GRANT SELECT (account_id), DELETE ON countersign.challenge TO 'countersign_password_reset'@'localhost';
GRANT SELECT (account_id), DELETE ON countersign.authorization TO 'countersign_password_reset'@'localhost';
GRANT SELECT (account_id), DELETE ON countersign.device TO 'countersign_password_reset'@'localhost';
GRANT SELECT (kind, open_subject, times), INSERT, UPDATE (times, last_at) ON countersign.alert TO 'countersign_password_reset'@'localhost';
GRANT SELECT ON countersign.provider_health TO 'countersign_password_reset'@'localhost';
GRANT SELECT ON countersign.hosted_code TO 'countersign_password_reset'@'localhost';

GRANT SELECT (id, email, name, locale, region, currency, role, second_factor, phone_sealed, phone_hash, phone_verified_at,
              cooling_off_until, locked_at, created_at)
   ON countersign.account TO 'countersign_notifications'@'localhost';
GRANT SELECT, UPDATE (last_seen_at) ON countersign.session TO 'countersign_notifications'@'localhost';
GRANT SELECT ON countersign.service_key TO 'countersign_notifications'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.idempotent_answer TO 'countersign_notifications'@'localhost';
GRANT SELECT, INSERT ON countersign.notification TO 'countersign_notifications'@'localhost';
GRANT SELECT, INSERT ON countersign.notification_skip TO 'countersign_notifications'@'localhost';
GRANT SELECT, INSERT, DELETE ON countersign.notification_preference TO 'countersign_notifications'@'localhost';
GRANT SELECT, INSERT ON countersign.message TO 'countersign_notifications'@'localhost';
GRANT SELECT ON countersign.suppression TO 'countersign_notifications'@'localhost';
GRANT INSERT ON countersign.host_event TO 'countersign_notifications'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.notification_setting TO 'countersign_notifications'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.limit_window TO 'countersign_notifications'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.traffic TO 'countersign_notifications'@'localhost';
GRANT SELECT ON countersign.destination_rule TO 'countersign_notifications'@'localhost';
GRANT SELECT ON countersign.limit_setting TO 'countersign_notifications'@'localhost';
GRANT SELECT ON countersign.price TO 'countersign_notifications'@'localhost';
GRANT SELECT (kind, open_subject, times), INSERT, UPDATE (times, last_at) ON countersign.alert TO 'countersign_notifications'@'localhost';
GRANT SELECT ON countersign.provider_health TO 'countersign_notifications'@'localhost';

GRANT SELECT (id, kind, channel, account_id, notification_id, destination_hash, queue_lane, due_at, provider_sid, status,
              status_rank, error_code, failure, price, is_price_known, fallback_sealed, finished_at),
      UPDATE (status, status_rank, error_code, failure, price, is_price_known, queue_lane, due_at, fallback_sealed, finished_at)
   ON countersign.message TO 'countersign_webhooks'@'localhost';
GRANT SELECT, INSERT ON countersign.webhook_event TO 'countersign_webhooks'@'localhost';
GRANT SELECT, INSERT ON countersign.inbound_message TO 'countersign_webhooks'@'localhost';
GRANT SELECT, INSERT, DELETE ON countersign.suppression TO 'countersign_webhooks'@'localhost';
GRANT INSERT ON countersign.host_event TO 'countersign_webhooks'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.early_callback TO 'countersign_webhooks'@'localhost';
GRANT SELECT (kind, open_subject, times), INSERT, UPDATE (times, last_at) ON countersign.alert TO 'countersign_webhooks'@'localhost';
GRANT SELECT ON countersign.provider_health TO 'countersign_webhooks'@'localhost';
GRANT SELECT ON countersign.traffic TO 'countersign_webhooks'@'localhost';

-- Who administers adds to the audit log and reads it; nobody changes it.
GRANT SELECT (id, email, email_key, external_id, name, name_key, locale, region, currency, role, second_factor, phone_sealed,
              phone_hash, phone_verified_at, verified_phone_hash, cooling_off_until, locked_at, created_at),
      UPDATE (password_sealed, second_factor, phone_sealed, phone_hash, phone_verified_at, cooling_off_until, locked_at)
   ON countersign.account TO 'countersign_admin'@'localhost';
GRANT SELECT, UPDATE (last_seen_at, aal), DELETE ON countersign.session TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT ON countersign.audit_entry TO 'countersign_admin'@'localhost';
GRANT SELECT, UPDATE ON countersign.audit_head TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT, UPDATE (decided_by, decided_at, decision) ON countersign.approval TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.verification TO 'countersign_admin'@'localhost';
GRANT SELECT, UPDATE, DELETE ON countersign.factor TO 'countersign_admin'@'localhost';
GRANT SELECT, DELETE ON countersign.backup_code TO 'countersign_admin'@'localhost';
GRANT SELECT, DELETE ON countersign.challenge TO 'countersign_admin'@'localhost';
GRANT SELECT, DELETE ON countersign.authorization TO 'countersign_admin'@'localhost';
GRANT SELECT, DELETE ON countersign.device TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT ON countersign.message TO 'countersign_admin'@'localhost';
GRANT SELECT ON countersign.message_count TO 'countersign_admin'@'localhost';
GRANT SELECT ON countersign.message_move TO 'countersign_admin'@'localhost';
GRANT SELECT ON countersign.account_count TO 'countersign_admin'@'localhost';
GRANT SELECT ON countersign.suppression TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.limit_window TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.traffic TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.destination_rule TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.limit_setting TO 'countersign_admin'@'localhost';
GRANT SELECT ON countersign.price TO 'countersign_admin'@'localhost';
GRANT INSERT ON countersign.host_event TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.alert TO 'countersign_admin'@'localhost';
GRANT SELECT, INSERT, UPDATE (revoked_at) ON countersign.service_key TO 'countersign_admin'@'localhost';
GRANT SELECT ON countersign.provider_health TO 'countersign_admin'@'localhost';

GRANT SELECT, INSERT, UPDATE ON countersign.message TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT ON countersign.suppression TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.host_event TO 'countersign_courier'@'localhost';
GRANT SELECT ON countersign.destination_rule TO 'countersign_courier'@'localhost';
GRANT SELECT ON countersign.limit_setting TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.traffic TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.limit_window TO 'countersign_courier'@'localhost';
GRANT SELECT, DELETE ON countersign.early_callback TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.alert TO 'countersign_courier'@'localhost';
GRANT SELECT, UPDATE, DELETE ON countersign.message_move TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.message_count TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.hosted_code TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.provider_health TO 'countersign_courier'@'localhost';
GRANT SELECT, INSERT, UPDATE ON countersign.price TO 'countersign_courier'@'localhost';
