-- One row per person and session. People join again and on two devices at once: overlapping stays are merged before
-- they are added up. Who is not known counts per number of the session.
{{ merged_attendance(ref('int_tencent_meeting__joins')) }}
