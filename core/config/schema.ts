import { LOG_LEVELS } from '../support/log.ts';

const MIB = 1024 * 1024;

/** A count or a size that must be given in whole numbers. */
const integer = (description: string, value: number, minimum: number, maximum?: number) => ({
  type: 'integer',
  description,
  default: value,
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
});

const section = <Properties extends object>(description: string, properties: Properties) => ({
  type: 'object',
  description,
  additionalProperties: false,
  default: {},
  properties,
});

const address = (description: string, value: string) => ({
  type: 'string',
  format: 'host-port',
  description,
  default: value,
});

const days = (description: string, value: number | null) => ({
  type: ['integer', 'null'],
  minimum: 1,
  description,
  default: value,
});

const strings = (description: string, items: object = {}) => ({
  type: 'array',
  description,
  default: [],
  items: { type: 'string', ...items },
});

const FILTER = { type: 'string', format: 'topic-filter' } as const;

/**
 * cupboard.yaml. One schema checks it, fills in what is missing, documents it and draws its form. What it describes is
 * typed in contract.ts.
 */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 64,
      description: 'The hub, as its page calls it',
      default: 'cupboard',
    },
    location: {
      type: 'object',
      description: 'Where the house stands: for sea-level pressure, sun times and weather networks',
      additionalProperties: false,
      required: ['latitude', 'longitude'],
      properties: {
        latitude: { type: 'number', minimum: -90, maximum: 90, description: 'Degrees, north positive' },
        longitude: { type: 'number', minimum: -180, maximum: 180, description: 'Degrees, east positive' },
        elevation: { type: 'number', minimum: -500, maximum: 9000, description: 'Metres above sea level' },
      },
    },
    timezone: {
      type: 'string',
      format: 'timezone',
      description: "Where days begin: an IANA name such as Europe/Berlin; the system's unless set",
    },
    units: {
      enum: ['metric', 'imperial', 'uk'],
      description: 'How pages show values; topics and files stay metric',
      default: 'metric',
    },
    broker: section('The MQTT broker', {
      listen: address('HOST:PORT it listens on', '127.0.0.1:1883'),
      tls_listen: {
        type: ['string', 'null'],
        format: 'host-port',
        description: 'HOST:PORT it listens on with TLS, such as 0.0.0.0:8883',
        default: null,
      },
      anonymous: { type: 'boolean', description: 'Whether clients on loopback need no user', default: true },
      rules: {
        type: 'object',
        description:
          'What users may read and write, by name (anonymous: who has none); %u their name, %c their client id',
        default: {},
        additionalProperties: { $ref: '#/$defs/rules' },
      },
      limits: section('What one client may cost the others', {
        packet_bytes: integer('Largest packet', MIB, 1024, 256 * MIB),
        connect_bytes: integer('Largest packet before the login is accepted', 64 * 1024, 1024, MIB),
        connect_seconds: integer('Time to send the first packet', 10, 1, 600),
        keepalive_seconds: integer('Longest keepalive; MQTT 5 clients that ask for more are told so', 3600, 10, 65_535),
        connections_per_address: integer('Connections from one address', 200, 1),
        connects_per_minute: integer(
          'New connections a minute from one address; 0 = any; this machine has none',
          600,
          0,
        ),
        bytes_per_second: integer('What one client may send; more is read more slowly; 0 = any', 0, 0),
        inflight: integer('Messages of QoS 1 and 2 under way to one client', 1000, 1, 65_535),
        sessions: integer('Sessions that outlive their connection', 10_000, 0),
        subscriptions: integer('Filters one client may subscribe to', 10_000, 1),
        queue_messages: integer('Messages kept for one absent session', 100_000, 0),
        queue_bytes: integer('Bytes kept for one absent session', 64 * MIB, 0),
        retained_count: integer('Retained messages', 100_000, 0),
        retained_bytes: integer('Bytes of retained messages', 128 * MIB, 0),
      }),
    }),
    http: section('The page and the API', {
      listen: address('HOST:PORT it listens on', '127.0.0.1:8484'),
      tls: { type: 'boolean', description: 'Whether that address speaks HTTPS', default: false },
      hosts: strings("Names the page may be asked under, beside loopback and the machine's own"),
      trust_proxy: strings('Addresses or ranges of reverse proxies whose X-Forwarded headers are believed', {
        format: 'address-range',
      }),
    }),
    tls: section('The certificate of all listeners with TLS; a renewed one is taken without a restart', {
      certificate: {
        type: 'string',
        description: 'PEM file, the whole chain; relative to the data directory',
        default: 'tls/server.crt',
      },
      key: { type: 'string', description: 'PEM file of its key', default: 'tls/server.key' },
    }),
    recorder: section('The history of readings', {
      commit_seconds: integer('Seconds between commits: what a power cut may cost', 1, 1, 60),
      exclude: strings('Topic filters that are not recorded', { format: 'topic-filter' }),
      retention: {
        type: 'array',
        description: 'How long readings are kept; the first filter that matches a series decides, null = for ever',
        default: [{ filter: '#' }],
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['filter'],
          properties: {
            filter: { type: 'string', format: 'topic-filter', description: 'Series it is for' },
            raw_days: days('Days single readings are kept', 30),
            five_minute_days: days('Days 5-minute values are kept', 365),
            hour_days: days('Days hourly values are kept', null),
            day_days: days('Days daily values are kept', null),
          },
        },
      },
      event_days: integer('Days events are kept', 365, 1),
      max_bytes: integer('Largest size of recorder.db; then the oldest readings go first', 8 * 1024 * MIB, MIB),
      max_series: integer('Most series; a topic beyond is not recorded and said so', 20_000, 1),
    }),
    backup: section('The automatic daily backup, below the data directory', {
      keep: integer('How many are kept; 0 = none is made', 7, 0, 1000),
      max_file_mb: integer('Single files larger than this are left out; databases are always in it', 64, 1),
    }),
    plugins: {
      type: 'object',
      description: "One entry a plugin, by id: its own config, as its README describes it, and the hub's keys below",
      default: {},
      additionalProperties: { $ref: '#/$defs/plugin' },
    },
    automations: {
      type: 'array',
      description: 'Rules of the automations plugin',
      default: [],
      items: { type: 'object' },
    },
  },
  $defs: {
    rules: {
      type: 'object',
      additionalProperties: false,
      properties: {
        read: { type: 'array', items: FILTER, description: 'Filters it may subscribe to' },
        write: { type: 'array', items: FILTER, description: 'Filters it may publish to' },
        readwrite: { type: 'array', items: FILTER, description: 'Filters it may do both on' },
      },
    },
    plugin: {
      type: 'object',
      properties: {
        use: { type: 'string', minLength: 1, description: 'Makes this a second instance of the plugin named' },
        log_level: { enum: [...LOG_LEVELS], description: 'The least grave lines its log keeps; info unless set' },
        sandbox: {
          type: 'boolean',
          description: 'Whether it runs under bubblewrap: of machine, data and network it sees its own part only',
        },
      },
    },
  },
} as const;

/** Keys of `plugins.<id>` that are the hub's; the plugin's own schema does not see them. */
export const HUB_PLUGIN_KEYS: readonly string[] = Object.keys(configSchema.$defs.plugin.properties);
