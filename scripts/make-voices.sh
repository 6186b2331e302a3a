#!/bin/sh
# Speaks the recordings of fixtures/audio and sounds with espeak-ng, so that each can be made again from its text.
# Needs espeak-ng and sox. Run from the project's root; what it writes is committed.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# speak TEXT VOICE RATE_HZ LEVEL_DB FILE: sox's effects in order: the fixture's rate, no silence at either end, the peak at 0 dB,
# then the level. -R makes the dither the same each time; -b 16 -c 1 is what the project reads.
speak() {
  espeak-ng -v "$2" -s 150 -w "$work/spoken.wav" "$1"
  sox -R "$work/spoken.wav" -b 16 -c 1 "$5" rate -h "$3" silence 1 0.01 0.2% reverse silence 1 0.01 0.2% reverse norm gain "$4"
}

# What the agent says in the fixture calls, at the rate of Gemini Live.
agent() { speak "$2" en-us+f3 24000 -4 "fixtures/audio/agent-$1.wav"; }
agent greeting 'Good morning, this is Callbridge. How can I help you?'
agent kennedy 'That was John F. Kennedy, in January 1961. Is there anything else?'
agent opening-hours 'We are open from Monday to Friday, from nine in the morning until six in the evening. On Saturdays we are open from ten until two. On Sundays and public holidays we are closed, but you can always leave a message.'
agent go-ahead 'Of course. What would you like to know?'
agent customer 'Thank you. I have found customer number twelve.'

# The restaurant's agent.
agent mario-greeting 'Good evening, this is the automated assistant of Da Mario. What can I do for you?'
agent mario-look 'One moment, I will look.'
agent mario-free 'At seven there is a table. Under which name, please?'
agent mario-read-back 'Friday the sixth of December, at seven, four guests, Rossi. Shall I book it?'
agent mario-booked 'Your table is booked. We look forward to your visit.'
agent mario-booking 'Gladly. I am booking a table for four guests at seven for you, in the name of Rossi, one moment.'
agent mario-eight 'At eight, then. One moment.'
agent mario-changed 'It is changed: your table is at eight.'
agent mario-kitchen 'I will ask the kitchen, one moment.'
agent mario-no-answer 'I am sorry, the kitchen does not answer just now. Is there anything else?'
agent mario-still-booked 'Yes, your table is booked, once.'
agent mario-goodbye 'Thank you for calling Da Mario. Have a nice evening, and goodbye.'
agent mario-parking 'Yes, there is parking behind the house. Is there anything else?'
agent mario-transfer 'Of course. I will put you through to the manager.'
agent mario-nobody 'I am sorry, nobody answers there just now. Is there anything that I can do?'
agent mario-calling 'Good evening, this is the automated assistant of Da Mario.'
agent mario-message 'Da Mario has called about your table on Friday at seven. Please call back if you cannot come. Goodbye.'
agent mario-dish 'On Monday it is lasagna, for fourteen euros. Is there anything else?'
agent mario-number 'Gladly. Please type in your number, and the pound key.'
agent mario-written 'I have written it down. The manager will call you back.'
agent mario-regular 'Good evening, Mister Bianchi, this is the automated assistant of Da Mario. What can I do for you?'
agent mario-noted 'Of course. I have noted a high chair for you. Until Friday, goodbye.'
agent mario-owner 'I am sorry to hear that. One moment, I will ask the owner to speak with you.'
agent mario-bar 'Gladly. I will put you through to the bar.'

# Callers of the restaurant, at the rate of a telephone.
caller() { speak "$2" en-gb 8000 -4 "fixtures/audio/caller-$1.wav"; }
caller table 'A table for four, please, on Friday the sixth of December at seven.'
caller rossi 'My name is Rossi.'
caller yes 'Yes, please.'
caller eight 'No, wait. At eight, please.'
caller nuts 'Are there nuts in the lasagna?'
caller sure 'Is it really booked?'
caller no 'No, thank you.'
caller dish 'What is the dish of the day on Monday?'
caller call-back 'Please have the manager call me back.'
caller manager 'May I speak to the manager?'
caller voicemail 'This is the voicemail of Rossi. I am not at home just now. Please leave your name and a message after the tone.'
caller high-chair 'We come with a child on Friday. Could we have a high chair?'
caller complaint 'I would like to complain. The soup was cold.'
caller bar 'Could you put me through to the bar of the hotel?'
caller owner 'Mario speaking. I am sorry about the soup.'
caller parking 'Oh, one more thing. Is there parking?'

# What a caller hears when the agent cannot go on. -3.7 dB of peak is about -20 dBov of mean power.
mkdir -p sounds
speak 'I am sorry, we are having a technical problem. Please call again in a few minutes. Goodbye.' en-us+f3 8000 -3.7 sounds/apology.wav
# What a caller hears whom the agent owes something while its session is away.
speak 'One moment, please.' en-us+f3 8000 -3.7 sounds/one-moment.wav
