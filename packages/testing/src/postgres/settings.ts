/** The longest path of a Unix socket that all systems take is 103 bytes; the file's own name needs some of them. */
const SOCKET_DIRECTORY_BYTES = 80;

export interface SettingsOptions {
  readonly port: number;
  readonly socketDirectory: string;
  /** Whether what is committed must outlive a power cut. */
  readonly durable: boolean;
  readonly archiveCommand: string | undefined;
  /** What the caller wants otherwise. */
  readonly extra: Readonly<Record<string, string>>;
}

/** The command line of the server. Nothing is kept in postgresql.conf, so that no start sees the settings of another. */
export function serverArguments(dataDirectory: string, options: SettingsOptions): string[] {
  const settings = {
    ...baseSettings(options.durable),
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: options.socketDirectory,
    ...archiveSettings(options.archiveCommand),
    ...options.extra,
  };
  return ['-D', dataDirectory, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Settings that hold wherever the server runs. */
export function baseSettings(durable: boolean): Record<string, string> {
  const flush = durable ? 'on' : 'off';
  return {
    max_connections: '200',
    // Without these a killed process loses nothing, only a machine that loses power does.
    fsync: flush,
    full_page_writes: flush,
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Compiling a query takes longer than any query here.
    jit: 'off',
    // Shared memory in files of the data directory goes with it, even when the server is killed.
    ...(durable ? {} : { dynamic_shared_memory_type: 'mmap' }),
  };
}

/** Whether a socket in that folder has a path that the system takes. */
export function fitsSocket(directory: string): boolean {
  return Buffer.byteLength(directory) <= SOCKET_DIRECTORY_BYTES;
}

function archiveSettings(archiveCommand: string | undefined): Record<string, string> {
  if (archiveCommand === undefined) return {};
  return { archive_mode: 'on', archive_command: archiveCommand, wal_level: 'replica' };
}
