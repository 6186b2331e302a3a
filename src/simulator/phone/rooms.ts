/** The conferences of an account: who is in which, when it begins, and when it is over. */

export interface Participant {
  readonly callSid: string;
  readonly startsOnEnter: boolean;
  readonly endsOnExit: boolean;
}

export type RoomEvent = 'conference-start' | 'conference-end' | 'participant-join' | 'participant-leave';

export type TellRoom = (event: RoomEvent, participant: Participant | undefined) => void;

export interface Room {
  /** Two are in it, one of whom begins it. Stays. */
  readonly isStarted: boolean;
  readonly isOver: boolean;
  /** The returned function leaves it. */
  enter(participant: Participant): () => void;
}

export interface Rooms {
  /** The one of that name that is not over; `created` tells of a new one what happens in it. */
  find(name: string, created: () => TellRoom): Room;
  /** How many are in it; 0: there is none. */
  size(name: string): number;
}

export function createRooms(): Rooms {
  const rooms = new Map<string, { readonly room: Room; readonly inside: ReadonlySet<Participant> }>();
  return {
    find(name, created) {
      const known = rooms.get(name);
      if (known !== undefined) return known.room;
      const inside = new Set<Participant>();
      const room = createRoom(inside, created(), () => rooms.delete(name));
      rooms.set(name, { room, inside });
      return room;
    },
    size: (name) => rooms.get(name)?.inside.size ?? 0,
  };
}

function createRoom(inside: Set<Participant>, tell: TellRoom, closed: () => void): Room {
  let isStarted = false;
  let isOver = false;
  const leave = (participant: Participant): void => {
    if (!inside.delete(participant)) return;
    tell('participant-leave', participant);
    if (isOver || (inside.size > 0 && !participant.endsOnExit)) return;
    isOver = true;
    closed();
    tell('conference-end', undefined);
  };
  return {
    get isStarted() {
      return isStarted;
    },
    get isOver() {
      return isOver;
    },
    enter(participant) {
      inside.add(participant);
      tell('participant-join', participant);
      if (!isStarted && inside.size > 1 && [...inside].some(({ startsOnEnter }) => startsOnEnter)) {
        isStarted = true;
        tell('conference-start', undefined);
      }
      return () => leave(participant);
    },
  };
}
