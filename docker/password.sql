-- The daemon's role gets the password that docker/make_secrets made for it.
\set password `cat /run/secrets/service_password`
ALTER ROLE slowwave_service PASSWORD :'password';
