#!/bin/sh
set -e
psql -c 'CREATE TABLE IF NOT EXISTS lamps (name text PRIMARY KEY)'
make integration PROTOCOL=home/lamp-protocol
