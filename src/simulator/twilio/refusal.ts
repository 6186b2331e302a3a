/** Twilio's REST API says no: a status, and the error that its clients read. https://www.twilio.com/docs/api/errors */

const MESSAGES = {
  20001: 'Invalid parameter',
  20003: 'Authenticate',
  20403: 'Forbidden',
  20404: 'The requested resource was not found',
  20429: 'Too Many Requests',
  20500: 'Internal Server Error',
  20503: 'Service Unavailable',
  21201: 'No To number specified',
  21205: 'Url is not a valid URL',
  21211: 'The phone number you are attempting to call is not valid',
  21212: 'The caller ID number is not valid for this account',
  21213: 'From phone number is required',
  21215: 'Account not authorized to call this number',
  21220: 'Call is not in-progress. Cannot redirect.',
} as const;

const STATUSES: Readonly<Record<RefusalCode, number>> = {
  20001: 400,
  20003: 401,
  20403: 403,
  20404: 404,
  20429: 429,
  20500: 500,
  20503: 503,
  21201: 400,
  21205: 400,
  21211: 400,
  21212: 400,
  21213: 400,
  21215: 400,
  21220: 400,
};

export type RefusalCode = keyof typeof MESSAGES;

export interface RestAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export function refusal(code: RefusalCode, message: string = MESSAGES[code]): RestAnswer {
  const status = STATUSES[code];
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

export const notFound = (path: string): RestAnswer => refusal(20404, `The requested resource ${path} was not found`);
