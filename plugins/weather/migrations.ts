/** The plugin's database. Times are epoch ms, units those of the topics. Applied once each, in order; never edited. */
export const MIGRATIONS = [
  `
  -- The last day of readings, so that a restart goes on where it stopped. NULL = the source said it is bad.
  CREATE TABLE sample (
    field TEXT NOT NULL,
    time INTEGER NOT NULL,
    value REAL,
    flag TEXT,
    origin TEXT NOT NULL,
    PRIMARY KEY (field, time)
  ) WITHOUT ROWID;

  -- One row a minute from the station, one per imported record; time is the end of the interval.
  CREATE TABLE archive (
    time INTEGER PRIMARY KEY,
    interval INTEGER NOT NULL,  -- minutes
    source TEXT NOT NULL,       -- station, weewx
    simulated INTEGER NOT NULL DEFAULT 0,
    temperature REAL,
    humidity REAL,
    dew_point REAL,
    wind_speed REAL,
    wind_direction REAL,
    wind_gust REAL,
    wind_gust_direction REAL,
    pressure_station REAL,
    pressure_sea_level REAL,
    rain REAL,                  -- fallen in the interval
    rain_rate REAL,
    indoor_temperature REAL,
    indoor_humidity REAL,
    flagged TEXT,               -- fields with doubtful readings in the interval, comma separated
    extra TEXT                  -- JSON: what an import had and this table has no column for
  );

  -- Local days, made from the archive.
  CREATE TABLE day_stat (
    date TEXT NOT NULL,
    field TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    min REAL NOT NULL,
    min_time INTEGER NOT NULL,
    max REAL NOT NULL,
    max_time INTEGER NOT NULL,
    mean REAL NOT NULL,         -- weighted by the intervals
    total REAL NOT NULL,        -- of the rows, for rain
    minutes INTEGER NOT NULL,
    PRIMARY KEY (date, field)
  ) WITHOUT ROWID;
  CREATE INDEX day_stat_field ON day_stat (field, date);

  -- Days whose archive changed since day_stat was made.
  CREATE TABLE dirty_day (date TEXT PRIMARY KEY) WITHOUT ROWID;

  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `,
];
