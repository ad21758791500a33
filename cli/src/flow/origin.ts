/** Where the flow's end user sits (an address for documentation, RFC 5737). */
export const ORIGIN = {
  ipAddress: '203.0.113.7',
  userAgent: 'Firefox/150.0',
  deviceFingerprint: '',
  countryCode: 'DE',
  city: 'Köln',
};
