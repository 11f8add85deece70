import { errorText, HubError } from 'cupboard/sdk';

/**
 * The native serial port library, loaded when first needed.
 * @throws HubError `device_no_library`
 */
export async function loadLibrary(): Promise<typeof import('serialport')> {
  try {
    return await import('serialport');
  } catch (error) {
    throw new HubError('device_no_library', `the serial port library cannot be loaded: ${errorText(error)}`, {
      cause: error,
    });
  }
}
