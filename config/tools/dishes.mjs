/** The dishes of the day, for the agent in config/agents/restaurant.yaml: docs/agents.md says how such a file is written. */
const DISHES = {
  Monday: { dish: 'Lasagna', euros: 14 },
  Tuesday: { dish: 'Gnocchi with sage', euros: 13 },
  Wednesday: { dish: 'Risotto with mushrooms', euros: 15 },
  Thursday: { dish: 'Ossobuco', euros: 21 },
  Friday: { dish: 'Fish soup', euros: 18 },
  Saturday: { dish: 'Saltimbocca', euros: 22 },
};

export default ({ defineTool, z }) => [
  defineTool({
    name: 'dish_of_the_day',
    description: 'Tells the dish of a weekday, and its price. On Sundays there is none.',
    parameters: z.object({ weekday: z.enum(Object.keys(DISHES)) }),
    sideEffect: false,
    run: ({ weekday }) => DISHES[weekday],
  }),
];
